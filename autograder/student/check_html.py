"""A check as HTML, for the output of a notebook's cell.

All styles stand at their elements: notebooks that nobody has trusted yet lose style sheets.
Text has the notebook's own colour and cells are tinted with transparent ones, so that it can be
read on white and on black. Orange and blue are told apart by all kinds of eyes (Okabe and Ito,
Color Universal Design), and nothing is told by colour alone: wrong numbers are bold and marked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from autograder.sandbox.protocol import Frame
from autograder.student.checking import (
    CheckedExercise,
    CheckedTest,
    Compared,
    FailedCase,
    caret_marks,
    error_of,
    is_about_file,
)
from autograder.student.picture import Cell, Grid, compared_grids, grid_of
from autograder.submissions.notebook import place_of
from autograder.text.language import Language
from autograder.text.messages import sanitize, sanitize_lines, text
from autograder.truth.compare import NotAnArray

MAX_ROWS = 10
MAX_COLUMNS = 12
MAX_FRAMES = 6
MAX_PRINTED = 2000
MAX_VALUE = 120

_MARK = "✗"
_WRONG = "230,97,0"
_RIGHT = "0,114,178"
_BADGES = {True: ("#1a7f37", "✓"), False: ("#b3261e", _MARK), None: ("#6e7781", "·")}

_BOX = (
    "font-family:system-ui,sans-serif;line-height:1.5;max-width:60em;color:inherit;"
    "overflow-wrap:anywhere"
)
_MONO = "font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:0.92em"
_SMALL = "opacity:0.75;font-size:0.92em"
_MESSAGE = f"{_SMALL};margin-left:2em"


def report(checked: Iterable[CheckedExercise], language: Language) -> str:
    """All exercises as one fragment of HTML."""
    parts = "".join(_exercise(one, language) for one in checked)
    return f'<div lang="{escape(language)}" style="{_BOX}">{parts}</div>'


def problem(message: str) -> str:
    """A call that could not be carried out."""
    return f'<div role="alert" style="{_BOX}">{_badge(False)} {escape(message)}</div>'


def _exercise(checked: CheckedExercise, language: Language) -> str:
    passed = sum(test.passed for test in checked.tests)
    state: bool | None = checked.passed
    note = text("check_count", language, passed=passed, n=len(checked.tests))
    if checked.max_score:
        points = f"{checked.max_score:g}"
        note += " · " + text("check_points", language, score=f"{checked.score:g}", points=points)
    if not checked.tests or checked.untouched:
        state = None
        note = text("check_not_started" if checked.tests else "check_no_tests", language)
    name = escape(checked.exercise.name)
    head = (
        f'<div style="margin:0.4em 0">{_badge(state)} <strong>{name}</strong> '
        f'{escape(checked.title)} <span style="{_SMALL}">({escape(note)})</span></div>'
    )
    if state is None:
        return head + "".join(_counting_file(checked, language))
    return head + "".join(_details(checked, language))


def _details(checked: CheckedExercise, language: Language) -> Iterator[str]:
    yield from _counting_file(checked, language)
    failed = [test for test in checked.tests if not test.passed and not test.is_waiting]
    ran = [test for test in checked.tests if not test.is_rule]
    if failed and all(is_about_file(test) for test in ran):
        shown = next((test for test in failed if test.is_rule), failed[0])
        items = f'<li style="list-style:none">{_message(shown)}</li>'
    else:
        said: set[object] = set()
        items = "".join(_test(test, said, language) for test in checked.tests)
    yield f'<ul style="list-style:none;margin:0;padding-left:0.6em">{items}</ul>'
    first = next((test for test in failed if test.case is not None), None)
    if first is not None and first.case is not None and not first.case.while_loading:
        yield _case(first, first.case, checked, language)
    for hint in dict.fromkeys(test.grade.hint for test in failed if test.grade.hint is not None):
        yield (
            '<div role="note" style="margin:0.8em 0 0.8em 0.6em;padding:0.3em 0.8em;'
            f'border-left:4px solid rgb({_RIGHT});background:rgba({_RIGHT},0.10)">'
            f"{escape(text('word_hint', language, hint=hint))}</div>"
        )
    if checked.output.strip():
        printed = checked.output
        if len(printed) > MAX_PRINTED:
            printed = printed[:MAX_PRINTED] + "…"
        title = text("printed", language, exercise=checked.exercise.name)
        yield (
            f'<details style="margin-left:0.6em"><summary>{escape(title)}</summary>'
            f"{_pre(printed)}</details>"
        )


def _counting_file(checked: CheckedExercise, language: Language) -> Iterator[str]:
    """Which file counts, where that is not plain, and what else is to be known."""
    name = checked.exercise.name
    lines = list(checked.notes)
    if checked.unused:
        lines.append(text("graded_file", language, exercise=name, file=sanitize(checked.file, 80)))
        files = ", ".join(sanitize(one, 80) for one in checked.unused)
        lines.append(text("check_unused_file", language, files=files))
    for line in lines:
        yield (
            '<div role="note" style="margin:0.4em 0 0.4em 0.6em;padding:0.2em 0.8em;'
            f'border-left:4px solid rgb({_WRONG});background:rgba({_WRONG},0.10)">'
            f"{escape(line)}</div>"
        )


def _test(test: CheckedTest, said: set[object], language: Language) -> str:
    """The test, and what is wrong unless it was ``said`` of an earlier one."""
    message = ""
    state: bool | None = test.passed
    if test.is_waiting:
        state = None
        message = f' <span style="{_SMALL}">({escape(test.grade.message)})</span>'
    elif not test.passed and error_of(test) in said:
        same = text("check_same_error", language)
        message = f'<div style="{_MESSAGE}">{escape(same)}</div>'
    elif not test.passed:
        said.add(error_of(test))
        message = f'<div style="{_MESSAGE}">{_message(test)}</div>'
    return (
        f'<li style="margin:0.2em 0;list-style:none">{_badge(state)} '
        f"{escape(test.title)}{message}</li>"
    )


def _message(test: CheckedTest) -> str:
    """What is wrong, with Python's own words below it; of a syntax error the line and a caret."""
    first, *rest = test.lines or (test.grade.message,)
    shown = escape(first)
    shown += "".join(f"<div>{escape(line)}</div>" for line in rest)
    if test.caret is not None:
        code = sanitize_lines(test.caret.code.expandtabs(1))
        shown += _pre("\n".join([code, caret_marks(test.caret)]), wrap=False)
    return shown


def _case(test: CheckedTest, case: FailedCase, checked: CheckedExercise, language: Language) -> str:
    title = text("check_case", language, title=test.title, number=case.number)
    parts = [f'<div style="margin-top:0.6em"><strong>{escape(title)}</strong></div>']
    inputs = "".join(
        _table(name, grid_of(array, rows=MAX_ROWS, columns=MAX_COLUMNS))
        for name, array in case.inputs.items()
    )
    for name, function in case.functions.items():
        parts.append(_pre(f"{name} = {sanitize(function, 400)}"))
    parts.append(_row(inputs))
    parts += [_compared(compared, language) for compared in case.outputs]
    if len(case.frames) > 1:  # one is in the message
        parts.append(_traceback(case.frames, checked.sources, language))
    return f'<div style="margin-left:0.6em">{"".join(parts)}</div>'


def _compared(compared: Compared, language: Language) -> str:
    returned, expected = compared_grids(compared, rows=MAX_ROWS, columns=MAX_COLUMNS)
    key = "check_returned" if compared.look == 1 else "check_returned_again"
    heading = text(key, language, output=compared.output)
    if isinstance(returned, NotAnArray):
        tables = _not_an_array(heading, returned)
    else:
        tables = _table(heading, returned, expected)
    if expected is not None:
        tables += _table(text("check_expected", language, output=compared.output), expected)
    return _row(tables)


def _not_an_array(heading: str, returned: NotAnArray) -> str:
    kind = f'<span style="{_SMALL}">{escape(sanitize(returned.type_name, 80))}</span>'
    value = _pre(sanitize(returned.text, MAX_VALUE)) if returned.text else ""
    return f'<div style="margin:0.4em 0"><div>{escape(heading)} {kind}</div>{value}</div>'


def _row(tables: str) -> str:
    """Side by side, below each other where there is no room."""
    return f'<div style="display:flex;flex-wrap:wrap;gap:0.4em 2em">{tables}</div>'


def _table(heading: str, grid: Grid, expected: Grid | None = None) -> str:
    shape = f'<span style="{_SMALL}">{escape(f"{grid.shape}{grid.part}")}</span>'
    right = None if expected is None or expected.shape != grid.shape else expected.rows
    rows = "".join(
        '<tr style="background:transparent">'
        + "".join(_cell(cell, None if right is None else right[y][x]) for x, cell in enumerate(row))
        + "</tr>"
        for y, row in enumerate(grid.rows)
    )
    return (
        '<div style="margin:0.4em 0;max-width:100%;overflow-x:auto">'
        f"<div>{escape(heading)} {shape}</div>"
        '<table style="border-collapse:collapse;margin:0.2em 0;border:none;'
        f'{_MONO}"><tbody>{rows or "<tr><td>[]</td></tr>"}</tbody></table></div>'
    )


def _cell(cell: Cell, right: Cell | None) -> str:
    style = (
        "text-align:right;padding:0.1em 0.5em;border:1px solid rgba(128,128,128,0.35);color:inherit"
    )
    title = mark = ""
    if cell.wrong:
        style += f";background:rgba({_WRONG},{0.12 + 0.36 * cell.heat:.2f});font-weight:bold"
        mark = f'<span aria-hidden="true">{_MARK}</span>'
        if right is not None:
            title = f' title="{escape(cell.text)} ≠ {escape(right.text)}"'
    elif cell.right_one:
        style += f";background:rgba({_RIGHT},0.25)"
    return f'<td style="{style}"{title}>{escape(cell.text)}{mark}</td>'


def _traceback(frames: Sequence[Frame], sources: dict[str, str], language: Language) -> str:
    lines = []
    for frame in frames[-MAX_FRAMES:]:
        source = sources.get(frame.file, "")
        code = source.split("\n")[frame.line - 1 : frame.line] if frame.line > 0 else []
        at = place_of(source, frame.line)
        place = text(
            "check_frame" if at is None else "check_frame_cell",
            language,
            file=sanitize(frame.file),
            line=frame.line if at is None else at[1],
            cell=None if at is None else at[0],
            function=sanitize(frame.function, 80),
        )
        lines.append(place)
        lines += [f"    {sanitize(line, 200)}" for line in code]
    return _pre("\n".join(lines))


def _pre(content: str, *, wrap: bool = True) -> str:
    space = "white-space:pre-wrap;overflow-wrap:anywhere" if wrap else "white-space:pre"
    return (
        f'<pre style="{_MONO};{space};overflow-x:auto;color:inherit;background:transparent;'
        f'margin:0.4em 0">{escape(content)}</pre>'
    )


def _badge(passed: bool | None) -> str:
    """White on a colour of its own, and so readable on any ground."""
    colour, mark = _BADGES[passed]
    return (
        f'<span style="display:inline-block;min-width:1.4em;text-align:center;border-radius:0.3em;'
        f'background:{colour};color:#fff;font-weight:bold;line-height:1.4">{mark}</span>'
    )
