"""Findings put into words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from autograder.course.exercise import Exercise
from autograder.grading.judge import Finding
from autograder.grading.observation import Change, Failure
from autograder.grading.source_rules import BrokenRule
from autograder.sandbox.limits import Limits
from autograder.sandbox.protocol import ExceptionInfo
from autograder.submissions.notebook import broken_cell, place_of
from autograder.submissions.submission import Submission
from autograder.text.language import Language
from autograder.text.messages import pick, sanitize, text
from autograder.text.words import begin_list
from autograder.truth.cases import Case
from autograder.truth.compare import Reason, Verdict


def explain_finding(
    exercise: Exercise,
    finding: Finding,
    case: Case,
    limits: Limits,
    language: Language,
    sources: Mapping[str, str],
) -> str:
    """One or two sentences on what is wrong and where to look.

    ``sources`` are the submission's files, to quote the line that failed.
    """
    if finding.rule is not None:
        file = finding.rule.file or f"{exercise.name}.py"
        return _explain_rule(finding.rule, sources.get(file, ""), language)
    if finding.failure is not None:
        cell = _broken_cell(finding.failure)
        if cell is not None:
            number, reason, line = cell
            return text("broken_cell", language, cell=number, line=line, reason=sanitize(reason))
        message = _explain_failure(exercise, finding.failure, case, limits, language)
        return _with_place(message, finding.failure.exception, sources, language)
    if finding.lines is not None:
        return text("too_many_lines", language, lines=_lines(finding, language))
    if finding.slowdown is not None:
        key = "too_slow" if finding.slower_than == "reference" else "slower_than_forward"
        return text(key, language, times=f"{finding.slowdown:.0f}")
    if finding.verdict is None:
        names, at = ", ".join(finding.names), _change(finding.change, language)
        return text(finding.property or "passed", language, names=names, at=at)
    detail = explain_verdict(finding.output or "", finding.verdict, case, language)
    if finding.property is not None:
        return text(finding.property, language, detail=detail)
    return detail


def _lines(finding: Finding, language: Language) -> str:
    """How many lines of Python were executed, as far as they were counted."""
    lines = finding.lines or 0
    if lines > finding.most_lines:
        return text("more_lines", language, lines=f"{finding.most_lines // 1000 * 1000:,}")
    return text("lines", language, lines=f"{lines:,}")


def _broken_cell(failure: Failure) -> tuple[int, str, int] | None:
    if failure.kind != "syntax" or failure.exception is None:
        return None
    return broken_cell(failure.exception.message)


def _explain_rule(rule: BrokenRule, source: str, language: Language) -> str:
    word = sanitize(f"{rule.word} ({rule.file})" if rule.file else rule.word)
    place = place_of(source, rule.line) if rule.line > 0 else None
    line = text("in_line", language, line=rule.line)
    if place is not None:
        line = text("in_cell", language, cell=place[0], line=place[1])
    return text(f"rule_{rule.kind}", language, word=word, line=line)


# Why something was not used, that says nothing to its student: a program or the platform wrote it.
_NOT_THEIRS = ("", "system", "platform", "other_counts")
_MAX_FILES = 3


def note_on(
    exercise: Exercise, finding: Finding, submission: Submission, language: Language
) -> str:
    """What else a student should know about a test that failed: a statement of the notebook that
    was not run, or files that were not used. Begins with a space; mostly empty."""
    failure = finding.failure
    if failure is None:
        return ""
    notes = []
    work = submission.work.get(exercise.name)
    name = _undefined_name(failure)
    for one in () if work is None or name is None else work.left_out:
        if name in one.names:
            place = text("in_cell", language, cell=one.cell, line=one.line)
            reason = text(f"left_out_{one.reason}", language)
            code = sanitize(one.code, 60)
            notes.append(text("left_out", language, place=place, code=code, reason=reason))
            break
    exception = failure.exception
    is_stub = exception is not None and exception.type_name == "NotImplementedError"
    if failure.kind in ("missing_file", "missing_function") or is_stub:
        file = f"{exercise.name}.py"
        near = submission.near(file)
        if near:
            names = _quoted(near)
            key = "near_file" if len(near) == 1 else "near_files"
            notes.append(text(key, language, files=names, file=file))
        elif failure.kind == "missing_file":
            seen = [one.path for one in submission.handed_in if one.reason not in _NOT_THEIRS]
            if seen:
                notes.append(text("seen_files", language, files=_quoted(seen)))
    return "".join(f" {note}" for note in notes)


def _undefined_name(failure: Failure) -> str | None:
    """The name that is not there, as Python's own message gives it, or the function's."""
    if failure.kind in ("missing_function", "not_callable"):
        return failure.detail
    exception = failure.exception
    if exception is None or exception.type_name != "NameError":
        return None
    match = re.match(r"name '(\w+)' is not defined", exception.message)
    return None if match is None else match[1]


def _quoted(paths: Sequence[str]) -> str:
    return begin_list([f"'{sanitize(path, 60)}'" for path in paths], _MAX_FILES)


def _explain_failure(
    exercise: Exercise, failure: Failure, case: Case, limits: Limits, language: Language
) -> str:
    kind: str = failure.kind
    exception = failure.exception
    if exception is not None and exception.type_name == "NotImplementedError":
        kind = "not_implemented"
    signature = exercise.signature
    message = text(
        kind,
        language,
        detail=_detail(failure, language) or signature.function,
        file=f"{exercise.name}.py",
        function=signature.function,
        outputs=", ".join(signature.outputs),
        expected=len(signature.outputs),
        exception="" if exception is None else _exception_text(exception),
        memory=limits.memory_mib,
        reply=limits.reply_mib,
        seconds=failure.detail or f"{limits.wall_seconds:g}",
        cpu=limits.cpu_seconds,
        shapes="" if failure.while_loading else _shapes(case, language),
    )
    return message


# How a process ended, in the words of the sandbox: the start of the text and our message.
_ENDINGS = {"exit code ": "exit_code", "signal ": "signal"}


def _detail(failure: Failure, language: Language) -> str:
    for start, key in _ENDINGS.items():
        if failure.kind == "crashed" and failure.detail.startswith(start):
            return text(key, language, number=failure.detail.removeprefix(start))
    return sanitize(failure.detail or pick(dict(failure.hint), language))


def _with_place(
    message: str, exception: ExceptionInfo | None, sources: Mapping[str, str], language: Language
) -> str:
    """The message with the student's own line in which the exception was raised."""
    if exception is None or not exception.frames or exception.type_name == "NotImplementedError":
        return message
    frame = exception.frames[-1]
    source = sources.get(frame.file, "")
    lines = source.split("\n")
    code = lines[frame.line - 1].strip() if 0 < frame.line <= len(lines) else ""
    place = place_of(source, frame.line)
    return text(
        "at_line" if place is None else "at_cell",
        language,
        message=message,
        line=frame.line if place is None else place[1],
        cell=None if place is None else place[0],
        file=sanitize(frame.file),
        code=f": {sanitize(code, 80)}" if code else "",
    )


def _exception_text(exception: ExceptionInfo) -> str:
    name, message = sanitize(exception.type_name), sanitize(exception.message)
    return f"{name}: {message}" if message else name


def explain_verdict(output: str, verdict: Verdict, case: Case, language: Language) -> str:
    """What is wrong with an output."""
    key = verdict.reason.name
    at = ""
    if verdict.index is not None:
        actual_value, expected_value = _told_apart(verdict.actual, verdict.expected)
        at = text(
            "at_element" if verdict.expected is not None else "at_index",
            language,
            output=output,
            index=_index(verdict.index),
            actual=actual_value,
            expected=expected_value,
        )
    if verdict.reason is Reason.wrong_values and verdict.total == 1 and not verdict.index:
        key = "wrong_value"
    actual = verdict.actual_shape if verdict.reason is Reason.wrong_shape else verdict.dtype
    return text(
        key,
        language,
        output=output,
        actual=sanitize(str(actual)),
        digits=int(verdict.dtype) + 1 if verdict.reason is Reason.rounded_to_digits else 0,
        expected=verdict.expected_shape,
        wrong=verdict.wrong,
        total=verdict.total,
        shapes=_shapes(case, language),
        at=at,
    )


def _change(change: Change | None, language: Language) -> str:
    """Where an argument changed, and how."""
    if change is None:
        return ""
    before, after = _told_apart(change.before, change.after)
    place = change.name + _index(change.index)
    return text("change_at", language, place=place, before=before, after=after)


def _index(index: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, index))}]" if index else ""


def _told_apart(one: float | bool | None, other: float | bool | None) -> tuple[str, str]:
    """Both numbers, with as many digits as it takes to see that they differ."""
    for digits in range(10, 18):
        shown = number(one, digits), number(other, digits)
        if shown[0] != shown[1]:
            break
    return shown


def number(value: float | bool | None, digits: int = 10) -> str:
    """A number as a person would write it; a truth value by its name."""
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value)
    if 1e-4 <= abs(value) < 1e6 or value == 0:
        return np.format_float_positional(value, precision=digits, unique=True, trim="-")
    return f"{value:.{digits - 2}g}"


def _shapes(case: Case, language: Language) -> str:
    shapes = ", ".join(f"{name} {value.shape}" for name, value in case.inputs.items() if value.ndim)
    return text("for_shapes", language, shapes=shapes) if shapes else ""
