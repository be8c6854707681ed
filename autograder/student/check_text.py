"""What a student reads after a check, in a terminal: lines of text, from 40 columns up.

Nothing is told by colour alone: wrong elements carry a mark.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from autograder.grading.python_errors import Caret
from autograder.sandbox.protocol import Frame
from autograder.student.checking import (
    CheckedExercise,
    CheckedTest,
    Compared,
    FailedCase,
    error_of,
    is_about_file,
)
from autograder.student.picture import Grid, compared_grids, grid_of
from autograder.submissions.notebook import place_of
from autograder.text.language import Language
from autograder.text.messages import sanitize, sanitize_lines, text
from autograder.truth.compare import NotAnArray

MAX_ROWS = 6
MAX_PRINTED = 15
MAX_FRAMES = 6
MAX_VALUE = 120
_MARK = "✗"
_GAP = 4
# How many columns of an array are tried, until they fit.
_COLUMNS = (8, 6, 5, 4, 3, 2, 1)

_DIM = "dim"
_GOOD = "green"
_BAD = "bold red"

# Only wraps: it never prints.
_wrapping = Console(file=io.StringIO(), width=1000)


def exercise_lines(checked: CheckedExercise, language: Language, width: int) -> list[Text]:
    """One exercise: a line for it, a line a test, and the first failing case in full."""
    return list(_exercise(checked, language, width))


def exercise_text(checked: CheckedExercise, language: Language, *, width: int = 80) -> str:
    """The same without colours, for where there is no terminal."""
    return plain(exercise_lines(checked, language, width))


def failure_text(
    test: CheckedTest, checked: CheckedExercise, language: Language, *, width: int = 80
) -> str:
    """What one failed test has to say, without colours: message, case and hint."""
    lines = [*_message(test, checked, language, width, by=0)]
    if test.case is not None:
        lines += _case(test.case, checked, language, width)
    if test.grade.hint is not None:
        lines += [Text(""), *_hint(test.grade.hint, language, width)]
    return plain(lines)


def plain(lines: Iterable[Text]) -> str:
    """The lines without colours."""
    return "\n".join(line.plain.rstrip() for line in lines)


def wrapped(message: str | Text, width: int, *, by: int = 0, hang: int = 0) -> list[Text]:
    """The message in lines of at most ``width``, indented ``by`` and all but the first by
    ``hang`` more."""
    whole = Text(message) if isinstance(message, str) else message
    lines = whole.wrap(_wrapping, max(width - by - hang, 10))
    found = []
    for number, line in enumerate(lines):
        line.rstrip()
        found.append(Text(" " * (by + (hang if number else 0))).append_text(line))
    return found


def _exercise(checked: CheckedExercise, language: Language, width: int) -> Iterator[Text]:
    name = checked.exercise.name
    if not checked.tests:
        yield _headline("·", _DIM, checked, "", width)
        yield from wrapped(text("check_no_tests", language), width, by=2)
        return
    if checked.untouched:
        yield _headline("·", "yellow", checked, text("check_not_started", language), width)
        return
    passed = sum(test.passed for test in checked.tests)
    count = text("check_count", language, passed=passed, n=len(checked.tests))
    if checked.max_score:
        points = points_in_words(checked, language)
        both = f"{count} · {points}"
        count = both if cell_len(f"✓ {name}  {both}") <= width else points
    mark, style = ("✓", _GOOD) if checked.passed else (_MARK, _BAD)
    yield _headline(mark, style, checked, count, width)
    if checked.unused or checked.file not in ("", checked.exercise.file):
        counts = text("graded_file", language, exercise=name, file=sanitize(checked.file, 80))
        unused = ", ".join(sanitize(one, 80) for one in checked.unused)
        if unused:
            counts = f"{counts}. {text('check_unused_file', language, files=unused)}"
        yield from wrapped(Text(counts, _DIM), width, by=2)
    for note in checked.notes:
        yield from wrapped(Text(note, "yellow"), width, by=2)
    failed = [test for test in checked.tests if not test.passed and not test.is_waiting]
    ran = [test for test in checked.tests if not test.is_rule]
    if failed and all(is_about_file(test) for test in ran):
        shown = next((test for test in failed if test.is_rule), failed[0])
        yield from _message(shown, checked, language, width, by=2)
    elif failed:
        said: dict[object, str] = {}
        for test in checked.tests:
            yield from _test(test, checked, said, language, width)
    if failed:
        yield from _first_failure(failed, checked, language, width)
    if checked.output.strip():
        if failed:
            yield Text("")
        yield from wrapped(Text(text("printed", language, exercise=name), _DIM), width, by=2)
        yield from wrapped(_cut(checked.output), width, by=4)
    if failed:
        yield Text("")


def points_in_words(checked: CheckedExercise, language: Language) -> str:
    """The points of the public tests."""
    return text(
        "check_points", language, score=f"{checked.score:g}", points=f"{checked.max_score:g}"
    )


def _headline(mark: str, style: str, checked: CheckedExercise, count: str, width: int) -> Text:
    name, title = checked.exercise.name, checked.title
    line = Text.assemble((f"{mark} ", style), (name, "bold"))
    room = width - line.cell_len - cell_len(count) - 4
    if room >= 10 and title != name:
        shown = Text(title)
        shown.truncate(room, overflow="ellipsis")
        line.append("  ").append_text(shown)
    if count:
        line.append(" " * max(2, width - line.cell_len - cell_len(count)))
        line.append(count, style if mark != _MARK else "")
    return line


def _test(
    test: CheckedTest,
    checked: CheckedExercise,
    said: dict[object, str],
    language: Language,
    width: int,
) -> Iterator[Text]:
    """The test, and what is wrong unless it was ``said`` of an earlier one."""
    if test.is_waiting:
        line = Text.assemble(("· ", _DIM), test.title, (f"  ({test.grade.message})", _DIM))
        yield from wrapped(line, width, by=2, hang=2)
        return
    mark, style = ("✓", _GOOD) if test.passed else (_MARK, _BAD)
    yield from wrapped(Text.assemble((f"{mark} ", style), test.title), width, by=2, hang=2)
    if test.passed:
        return
    key = error_of(test)
    if key in said:
        yield from wrapped(Text(text("check_same_error", language), _DIM), width, by=6)
        return
    said[key] = test.title
    yield from _message(test, checked, language, width, by=6)


def _message(
    test: CheckedTest, checked: CheckedExercise, language: Language, width: int, *, by: int
) -> Iterator[Text]:
    """What is wrong, with Python's own words below it; of a syntax error the line and a caret."""
    first, *rest = test.lines or (test.grade.message,)
    yield from wrapped(first, width, by=by)
    for line in rest:
        yield from wrapped(Text(line, _DIM if not test.is_rule else ""), width, by=by)
    if test.caret is not None:
        yield from _caret(test.caret, width - by - 2, by=by + 2)


def _caret(caret: Caret, width: int, *, by: int) -> Iterator[Text]:
    """The line with marks below what is wrong, as far as there is room."""
    code = sanitize_lines(caret.code.expandtabs(1).replace("\n", " "))
    start, end = caret.start, caret.end
    indent = len(code) - len(code.lstrip())
    cut = min(indent, start)
    if cell_len(code[cut:]) > width and start - cut > width // 2:
        cut = start - width // 2
    shown = Text(code[cut:])
    shown.truncate(width)
    below = " " * cell_len(code[cut:start]) + "^" * max(1, cell_len(code[start:end]))
    yield Text(" " * by).append_text(shown)
    yield Text.assemble(" " * by, (below[:width], _BAD))


def _first_failure(
    failed: Sequence[CheckedTest], checked: CheckedExercise, language: Language, width: int
) -> Iterator[Text]:
    shown = next((test for test in failed if test.case is not None), failed[0])
    if shown.case is not None and not shown.case.while_loading:
        yield Text("")
        title = text("check_case", language, title=shown.title, number=shown.case.number)
        yield from wrapped(Text(title, "bold"), width, by=2)
        for line in _case(shown.case, checked, language, width - 4):
            yield _indented(line, 4)
    elif shown.case is not None and len(shown.case.frames) > 1:  # one is in the message
        yield Text("")
        for line in _traceback(shown.case.frames, checked.sources, language, width - 2):
            yield _indented(line, 2)
    for hint in dict.fromkeys(test.grade.hint for test in failed if test.grade.hint is not None):
        yield Text("")
        for line in _hint(hint, language, width - 2):
            yield _indented(line, 2)


def _indented(line: Text, by: int) -> Text:
    return Text(" " * by).append_text(line) if line else line


def _hint(hint: str, language: Language, width: int) -> list[Text]:
    return wrapped(Text(text("word_hint", language, hint=hint), "cyan"), width)


def _case(case: FailedCase, checked: CheckedExercise, language: Language, width: int) -> list[Text]:
    lines: list[Text] = []
    for name, function in case.functions.items():
        shown = Text.assemble((name, "bold"), " = ", sanitize(function, 400))
        lines += wrapped(shown, width, hang=2)
    for name, array in case.inputs.items():
        grid = _fitting(
            lambda columns, array=array: grid_of(  # type: ignore[misc]
                array, rows=MAX_ROWS, columns=columns
            ),
            width,
        )
        lines += _named_grid(name, grid, width)
    for compared in case.outputs:
        lines += [Text(""), *_compared(compared, language, width)]
    if len(case.frames) > 1:  # one is in the message
        lines += [Text(""), *_traceback(case.frames, checked.sources, language, width)]
    return lines


def _fitting(make: Callable[[int], Grid], width: int) -> Grid:
    """The grid with as many columns as fit."""
    for columns in _COLUMNS:
        grid = make(columns)
        if _widest(_lines(grid)) <= width:
            break
    return grid


def _named_grid(name: str, grid: Grid, width: int) -> Iterator[Text]:
    """The name with shape and numbers, on one line where that is long enough."""
    lines = _lines(grid)
    if grid.shape == ():
        yield Text.assemble((name, "bold"), " =", lines[0])
        return
    label = Text.assemble((name, "bold"), (f" {grid.shape}{grid.part}", _DIM))
    if len(lines) == 1 and label.cell_len + 1 + lines[0].cell_len <= width:
        yield Text.assemble(label, " ", lines[0])
        return
    yield label
    yield from (Text.assemble(" ", line) for line in lines)


def _compared(compared: Compared, language: Language, width: int) -> list[Text]:
    key = "check_returned" if compared.look == 1 else "check_returned_again"
    headings = [text(one, language, output=compared.output) for one in (key, "check_expected")]
    for columns in _COLUMNS:
        returned, expected = compared_grids(compared, rows=MAX_ROWS, columns=columns)
        if isinstance(returned, NotAnArray):
            left = _not_an_array(headings[0], returned, width)
        else:
            left = _block(headings[0], returned)
        right = _block(headings[1], expected)
        if _widest(left) + _GAP + _widest(right) <= width:
            return _beside(left, right)
        if max(_widest(left), _widest(right)) <= width:
            break
    return [*left, *right]


def _block(heading: str, grid: Grid | None) -> list[Text]:
    if grid is None:
        return []
    label = Text.assemble((heading, "bold"), (f" {grid.shape}{grid.part}", _DIM))
    return [label, *(Text.assemble(" ", line) for line in _lines(grid))]


def _not_an_array(heading: str, returned: NotAnArray, width: int) -> list[Text]:
    label = Text.assemble((heading, "bold"), (f" {sanitize(returned.type_name, 80)}", _DIM))
    shown = Text(sanitize(returned.text, MAX_VALUE), _BAD)
    return [*wrapped(label, width), *(wrapped(shown, width, by=2) if shown else ())]


def _beside(left: Sequence[Text], right: Sequence[Text]) -> list[Text]:
    middle = _widest(left) + _GAP
    lines = []
    for number in range(max(len(left), len(right))):
        line = left[number].copy() if number < len(left) else Text("")
        if number < len(right):
            line.append(" " * (middle - line.cell_len)).append_text(right[number])
        lines.append(line)
    return lines


def _widest(lines: Sequence[Text]) -> int:
    return max((line.cell_len for line in lines), default=0)


def _lines(grid: Grid) -> list[Text]:
    """The rows, numbers right-aligned, with a mark behind what is wrong."""
    if not grid.rows:
        return [Text(" []")]
    marked = any(cell.wrong for row in grid.rows for cell in row)
    lines = []
    for row in grid.rows:
        line = Text()
        for cell, width in zip(row, grid.widths(), strict=True):
            line.append(" " * (1 + width - len(cell.text)))
            line.append(cell.text, _BAD if cell.wrong else _GOOD if cell.right_one else "")
            if marked:
                line.append(_MARK if cell.wrong else " ", _BAD)
        line.rstrip()
        lines.append(line)
    return lines


def _traceback(
    frames: Sequence[Frame], sources: dict[str, str], language: Language, width: int
) -> Iterator[Text]:
    """The student's own lines that the exception passed through, each quoted."""
    for frame in frames[-MAX_FRAMES:]:
        source = sources.get(frame.file, "")
        lines = source.split("\n")
        code = lines[frame.line - 1].strip() if 0 < frame.line <= len(lines) else ""
        at = place_of(source, frame.line)
        place = text(
            "check_frame" if at is None else "check_frame_cell",
            language,
            file=sanitize(frame.file),
            line=frame.line if at is None else at[1],
            cell=None if at is None else at[0],
            function=sanitize(frame.function, 80),
        )
        yield from wrapped(Text(place, _DIM), width)
        if code:
            yield from wrapped(sanitize(code, 200), width, by=2)


def _cut(printed: str) -> str:
    lines = printed.rstrip("\n").split("\n")
    if len(lines) > MAX_PRINTED:
        lines = [*lines[:MAX_PRINTED], "…"]
    return "\n".join(lines)
