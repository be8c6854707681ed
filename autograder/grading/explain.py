"""Findings put into words."""

from __future__ import annotations

import ast
import contextlib
import difflib
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from autograder.course.exercise import Exercise, Step, Test
from autograder.course.statement import rule_word
from autograder.diagnosis.shapes import Clash
from autograder.grading.clashes import shapes_in_words
from autograder.grading.efficiency import FIXED_LINES
from autograder.grading.failures import Failure
from autograder.grading.finding import (
    ChangedInputs,
    Finding,
    FollowsFrom,
    ManyLines,
    SharedResults,
    Slow,
    WrongOutput,
    WrongWhenTimed,
)
from autograder.grading.observation import Change
from autograder.grading.python_errors import sentence_for, syntax_sentence
from autograder.grading.source_rules import BrokenRule
from autograder.grading.unfinished import Unfinished, find_unfinished
from autograder.sandbox.endless_loops import loops_around
from autograder.sandbox.limits import Limits
from autograder.sandbox.protocol import ExceptionInfo, Frame
from autograder.submissions.notebook import broken_cell, place_of
from autograder.submissions.submission import Submission
from autograder.submissions.syntax_tree import syntax_tree_if_any
from autograder.text.language import Language
from autograder.text.messages import sanitize
from autograder.text.sentences import Words, authored, joined, words
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
    clash: Clash | None = None,
) -> tuple[Words, ...]:
    """What is wrong and where to look, in one to three lines: a sentence for a beginner first,
    Python's own message below it.

    ``sources`` are the submission's files, to quote the line that failed; ``clash`` are the
    shapes that met there, where they are known.
    """
    match finding.fault:
        case Failure() as failure:
            return _explain_failure(exercise, failure, case, limits, language, sources, clash)
        case BrokenRule() as rule:
            file = rule.file or f"{exercise.name}.py"
            return (_explain_rule(rule, sources.get(file, ""), language),)
        case WrongOutput(verdict, prop):
            detail = explain_verdict(finding.output, verdict, case, language, exercise, sources)
            return (detail if prop is None else words(prop, language, detail=detail),)
        case ChangedInputs(names, change):
            at = _change(change, language)
            return (words("inputs_unchanged", language, names=", ".join(names), at=at),)
        case SharedResults(names):
            return (words("shared_results", language, names=", ".join(names)),)
        case WrongWhenTimed():
            return (words("right_when_timed", language),)
        case FollowsFrom(answers):
            joint = ", ".join(answers)
            return (words("answer_follows", language, output=finding.output, names=joint),)
        case ManyLines(lines, most):
            return (words("too_many_lines", language, lines=_lines(lines, most, language)),)
        case Slow(times, than):
            key = "too_slow" if than == "reference" else "slower_than_forward"
            return (words(key, language, times=f"{times:.0f}"),)


def _lines(lines: int, most: int, language: Language) -> Words:
    """How many lines of Python were executed, as far as they were counted."""
    if lines > most:
        # Of what is counted beyond these, a part depends on the version of numpy.
        return words("more_lines", language, lines=f"{FIXED_LINES:,}")
    return words("lines", language, lines=f"{lines:,}")


def _broken_cell(failure: Failure) -> tuple[int, str, int] | None:
    if failure.kind != "syntax" or failure.exception is None:
        return None
    return broken_cell(failure.exception.message)


def _explain_rule(rule: BrokenRule, source: str, language: Language) -> Words:
    shown = rule_word(rule.word)
    word = sanitize(f"{shown} ({rule.file})" if rule.file else shown)
    place = place_of(source, rule.line) if rule.line > 0 else None
    line = words("in_line", language, line=rule.line)
    if place is not None:
        line = words("in_cell", language, cell=place[0], line=place[1])
    return words(f"rule_{rule.kind}", language, word=word, line=line)


# Why something was not used, that says nothing to its student: a program or the platform wrote it.
_NOT_THEIRS = ("", "system", "platform", "other_counts")
_MAX_FILES = 3
_MAX_NAMES = 6


def note_on(
    exercise: Exercise, finding: Finding, submission: Submission, language: Language
) -> Words:
    """What else a student should know about a test that failed: a statement of the notebook that
    was not run, or files that were not used. Begins with a space; mostly empty."""
    failure = finding.failure
    if failure is None:
        return joined(())
    notes: list[str] = []
    work = submission.work.get(exercise.name)
    name = _undefined_name(failure)
    for one in () if work is None or name is None else work.left_out:
        if name in one.names:
            place = words("in_cell", language, cell=one.cell, line=one.line)
            reason = words(f"left_out_{one.reason}", language)
            code = sanitize(one.code, 60)
            notes.append(words("left_out", language, place=place, code=code, reason=reason))
            break
    exception = failure.exception
    is_stub = exception is not None and exception.type_name == "NotImplementedError"
    if failure.kind in ("missing_file", "missing_function") or is_stub:
        file = exercise.file
        near = submission.near(file)
        if near:
            names = _quoted(near)
            key = "near_file" if len(near) == 1 else "near_files"
            notes.append(words(key, language, files=names, file=file))
        elif failure.kind == "missing_file":
            seen = [one.path for one in submission.handed_in if one.reason not in _NOT_THEIRS]
            if seen:
                notes.append(words("seen_files", language, files=_quoted(seen)))
    return joined(part for note in notes for part in (" ", note))


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
    exercise: Exercise,
    failure: Failure,
    case: Case,
    limits: Limits,
    language: Language,
    sources: Mapping[str, str],
    clash: Clash | None,
) -> tuple[Words, ...]:
    if failure.loop is not None:
        shapes = "" if failure.while_loading else _shapes(case, language)
        return (_explain_loop(failure.loop, shapes, language, sources),)
    exception = failure.exception
    cell = _broken_cell(failure)
    if cell is not None:
        number, reason, line = cell
        sentence = syntax_sentence(reason)
        return (
            words(sentence.key, language, **sentence.values),
            words("broken_cell", language, cell=number, line=line, reason=sanitize(reason)),
        )
    if exception is not None:
        unfinished = find_unfinished(
            exception, f"{exercise.name}.py", exercise.signature.function, sources
        )
        if unfinished is not None:
            return (_explain_unfinished(unfinished, sources, language),)
    message = _failure_message(exercise, failure, case, limits, language, sources)
    if exception is None:
        return (message,)
    sentences = _sentences(failure, sources, language, clash)
    if sentences:
        message = joined((_exception_text(exception),))
    return (*sentences, _with_place(message, exception, sources, language))


def _sentences(
    failure: Failure, sources: Mapping[str, str], language: Language, clash: Clash | None
) -> tuple[Words, ...]:
    """What Python's message means, where that is known."""
    exception = failure.exception
    assert exception is not None
    file = exception.frames[-1].file if exception.frames else ""
    if failure.kind == "syntax":
        sentence = syntax_sentence(exception.message)
        return (words(sentence.key, language, **sentence.values),)
    if failure.kind not in ("exception", "import"):
        return ()
    if clash is not None and clash.left_shape and clash.right_shape:
        return (shapes_in_words(clash, language),)
    found = sentence_for(exception, sources.get(file, ""))
    if found is None:
        return ()
    values = {name: sanitize(str(value), 80) for name, value in found.values.items()}
    return (words(found.key, language, **values),)


def _explain_unfinished(
    unfinished: Unfinished, sources: Mapping[str, str], language: Language
) -> Words:
    if unfinished.kind == "nothing":
        return words("not_implemented", language)
    place = place_of(sources.get(unfinished.file, ""), unfinished.line)
    line = words("in_line", language, line=unfinished.line)
    if place is not None:
        line = words("in_cell", language, cell=place[0], line=place[1])
    return words(
        f"unfinished_{unfinished.kind}",
        language,
        line=line,
        name=sanitize(unfinished.name, 80),
        file=sanitize(unfinished.file, 80),
    )


def _explain_loop(
    frame: Frame, shapes: str, language: Language, sources: Mapping[str, str]
) -> Words:
    """What keeps a loop going, by its text: the student's process says only where it is."""
    names: list[str] = []
    with contextlib.suppress(RecursionError, MemoryError):
        for loop in loops_around(sources.get(frame.file, ""), frame.line):
            if loop.first == frame.line:
                names = [one for one in loop.names if one not in loop.lengths] or [*loop.names]
    message = words(
        "endless" if names else "endless_always",
        language,
        n=len(names),
        names=begin_list([sanitize(name, 60) for name in names], _MAX_NAMES),
        shapes=shapes,
    )
    return _at(message, frame, language, sources)


def _failure_message(
    exercise: Exercise,
    failure: Failure,
    case: Case,
    limits: Limits,
    language: Language,
    sources: Mapping[str, str],
) -> Words:
    exception = failure.exception
    signature = exercise.signature
    key: str = failure.kind
    file = f"{exercise.name}.py"
    values: dict[str, object] = {}
    if failure.kind == "missing_function":
        key, values = _missing(exercise, failure.detail, sources.get(file, ""))
    elif failure.kind == "returned_nothing":
        key = _nothing_returned(sources.get(file, ""), signature.function)
    elif failure.kind == "forbidden" and exception is not None:
        key = "forbidden_file" if _is_about_file(exception) else "forbidden"
    given: dict[str, object] = {
        "n": int(failure.detail) if failure.kind == "wrong_count" else 0,
        "detail": _detail(failure, language) or signature.function,
        "file": file,
        "function": signature.function,
        "outputs": ", ".join(signature.outputs),
        "expected": len(signature.outputs),
        "exception": "" if exception is None else _exception_text(exception),
        "memory": limits.memory_mib,
        "reply": limits.reply_mib,
        "seconds": failure.detail or f"{limits.wall_seconds:g}",
        "cpu": limits.cpu_seconds,
        "shapes": "" if failure.while_loading else _shapes(case, language),
    }
    return words(key, language, **(given | values))


def _missing(exercise: Exercise, name: str, source: str) -> tuple[str, dict[str, object]]:
    """What is not there: the function, the class, a method, or an attribute after a call."""
    signature, file = exercise.signature, f"{exercise.name}.py"
    name = name or signature.function
    _, dot, attribute = name.partition(".")
    if not dot:
        kind = "missing_class" if exercise.is_class else "missing_function"
        kind = kind if name == signature.function else "missing_name"
        near = _nearest_name(name, _defined_in(source))
        if near and kind != "missing_name":
            return f"{kind}_near", {"detail": sanitize(name), "file": file, "near": near}
        return kind, {"detail": sanitize(name), "file": file}
    for test in exercise.tests:
        for before, step in pairwise(getattr(test, "steps", ())):
            if step.target == name and step.arguments is None:
                called = before.target.rpartition(".")[2]
                if before.arguments is None:  # attributes are read one after the other
                    called = _last_called(test, step)
                return "missing_attribute", {"name": attribute, "before": called}
    owner = signature.function
    return "missing_method", {"name": sanitize(attribute), "owner": owner, "file": file}


def _last_called(test: Test, until: Step) -> str:
    """The last method, or class, that a test calls before a step."""
    called = ""
    for step in getattr(test, "steps", ()):
        if step is until:
            break
        if step.arguments is not None:
            called = step.target.rpartition(".")[2]
    return called


def _nearest_name(name: str, defined: Sequence[str]) -> str:
    same = [other for other in defined if other.lower() == name.lower()]
    near = difflib.get_close_matches(name, defined, n=1, cutoff=0.5)
    return (same or near or [""])[0]


def _defined_in(source: str) -> list[str]:
    """The functions and classes that a text defines at its top."""
    tree = syntax_tree_if_any(source)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [] if tree is None else [one.name for one in tree.body if isinstance(one, kinds)]


def _nothing_returned(source: str, function: str) -> str:
    """Which message fits a function that returned None: it has no ``return``, or prints what it
    should return, or neither."""
    tree = syntax_tree_if_any(source)
    for node in () if tree is None else ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == function:
            inner = list(ast.walk(node))
            if any(isinstance(one, ast.Return) and one.value is not None for one in inner):
                return "returned_nothing"
            prints = any(
                isinstance(one, ast.Call)
                and isinstance(one.func, ast.Name)
                and one.func.id == "print"
                for one in inner
            )
            return "returned_nothing_but_printed" if prints else "returned_nothing_at_all"
    return "returned_nothing"


def _is_about_file(exception: ExceptionInfo) -> bool:
    """True where a file was refused, rather than the network, a thread or a process."""
    return bool(re.search(r"\[Errno (1|13|27|30)\].*: ['\"]", exception.message)) or bool(
        re.match(r"\[Errno 27\]", exception.message)
    )


# How a process ended, in the words of the sandbox: the start of the text and our message.
_ENDINGS = {"exit code ": "exit_code", "signal ": "signal"}


def _detail(failure: Failure, language: Language) -> str:
    for start, key in _ENDINGS.items():
        if failure.kind == "crashed" and failure.detail.startswith(start):
            return words(key, language, number=failure.detail.removeprefix(start))
    if failure.detail:
        return sanitize(failure.detail)
    return authored({name: sanitize(one) for name, one in failure.hint}, language)


def _with_place(
    message: Words, exception: ExceptionInfo | None, sources: Mapping[str, str], language: Language
) -> Words:
    """The message with the student's own line in which the exception was raised."""
    if exception is None or not exception.frames or exception.type_name == "NotImplementedError":
        return message
    return _at(message, exception.frames[-1], language, sources)


def _at(message: Words, frame: Frame, language: Language, sources: Mapping[str, str]) -> Words:
    """The message with a line of the student's own."""
    source = sources.get(frame.file, "")
    lines = source.split("\n")
    code = lines[frame.line - 1].strip() if 0 < frame.line <= len(lines) else ""
    place = place_of(source, frame.line)
    return words(
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


# How it is said of values that are nearly arrays.
_NOT_ARRAYS = {
    "list": "not_an_array_list",
    "tuple": "not_an_array_tuple",
    "function": "not_an_array_function",
    "builtin_function_or_method": "not_an_array_function",
    "method": "not_an_array_function",
}

# Decimals of numbers in sentences. Of numbers that were float32 somewhere, further ones are chance:
# they follow from the order in which a machine adds up.
_DIGITS = 10
_DIGITS_OF_FLOAT32 = 4


def explain_verdict(
    output: str,
    verdict: Verdict,
    case: Case,
    language: Language,
    exercise: Exercise | None = None,
    sources: Mapping[str, str] | None = None,
) -> Words:
    """What is wrong with an output."""
    key = verdict.reason.name
    if verdict.reason is Reason.not_an_array and verdict.dtype == "NoneType":
        if exercise is None or exercise.is_class:
            return words("returned_nothing", language)
        source = (sources or {}).get(f"{exercise.name}.py", "")
        return words(_nothing_returned(source, exercise.signature.function), language)
    at = ""
    is_low = any(value.dtype == np.float32 for value in case.inputs.values())
    digits = _DIGITS_OF_FLOAT32 if is_low else _DIGITS
    actual_value, expected_value = _told_apart(verdict.actual, verdict.expected, digits)
    if verdict.index is not None:
        at = words(
            "at_element" if verdict.expected is not None else "at_index",
            language,
            output=output,
            index=_index(verdict.index),
            actual=actual_value,
            expected=expected_value,
        )
    n = verdict.wrong
    match verdict.reason:
        case Reason.wrong_values if isinstance(verdict.expected, bool):
            key = "wrong_truth_value"
        case Reason.wrong_values if verdict.total == 1 and not verdict.index:
            key = "wrong_value"
        case Reason.not_finite if verdict.index == ():
            key = "not_finite_value"
        case Reason.wrong_shape if verdict.expected_shape == ():
            key = "wrong_shape_number"
        case Reason.not_an_array if verdict.expected_shape == ():
            key = "not_a_number_but"
        case Reason.not_an_array:
            key = _NOT_ARRAYS.get(verdict.dtype.partition(" ")[0], key)
        case Reason.rounded_to_decimals:
            n = int(verdict.dtype)
        case Reason.rounded_to_digits:
            n = int(verdict.dtype) + 1
    actual = verdict.actual_shape if verdict.reason is Reason.wrong_shape else verdict.dtype
    return words(
        key,
        language,
        output=output,
        n=n,
        actual=str(verdict.actual) if key == "wrong_truth_value" else sanitize(str(actual)),
        expected=verdict.expected if key == "wrong_truth_value" else verdict.expected_shape,
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
    return words("change_at", language, place=place, before=before, after=after)


def _index(index: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, index))}]" if index else ""


def _told_apart(
    one: float | bool | None, other: float | bool | None, fewest: int = _DIGITS
) -> tuple[str, str]:
    """Both numbers, with as many digits as it takes to see that they differ."""
    for digits in range(fewest, 18):
        shown = number(one, digits), number(other, digits)
        if shown[0] != shown[1]:
            break
    return shown


def number(value: float | bool | None, digits: int = _DIGITS) -> str:
    """A number as a person would write it; a truth value by its name."""
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value)
    if 1e-4 <= abs(value) < 1e6 or value == 0:
        return np.format_float_positional(value, precision=digits, unique=True, trim="-")
    return f"{value:.{digits - 2}g}"


def _shapes(case: Case, language: Language) -> str:
    shapes = ", ".join(f"{name} {value.shape}" for name, value in case.inputs.items() if value.ndim)
    return words("for_shapes", language, shapes=shapes) if shapes else ""
