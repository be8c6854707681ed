"""The notebook that carries an exercise through nbgrader: made, taken back, and filled in.

As released, it has the statement, a cell for the answer and a locked grade cell a test. Nothing
of a test is in it but its name: the grade cell raises. Whoever runs it without this grader gives
0 points, and never all of them.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from autograder.course.course import Course, HiddenFeedback
from autograder.course.exercise import Exercise
from autograder.course.statement import statement_markdown
from autograder.errors import CourseError
from autograder.exports.context import explanation, shown
from autograder.exports.summary import points
from autograder.grades.grade_file import write_atomically
from autograder.grades.model import ExerciseGrade, TestGrade, clamp
from autograder.integrations.nbgrader.cells import (
    ANSWER,
    STATEMENT,
    GradeCell,
    grade_cells,
    grade_id,
    test_of_cell,
)
from autograder.integrations.nbgrader.plain_tests import plain_test
from autograder.release.notebook_writing import Cell, notebook
from autograder.release.stubs import stub_source
from autograder.submissions import reader
from autograder.submissions.listing import read_file
from autograder.submissions.submission import MAX_NOTEBOOK_BYTES, Submission
from autograder.text.language import Language
from autograder.text.messages import sanitize, text

MARK = 'raise RuntimeError("autograder: '
"""What the code of our grade cells can be told by."""

Notebook = dict[str, Any]
"""A notebook as its JSON says."""

# More of a student's own cells than anybody reads is not shown.
_MAX_CELLS = 200
_MAX_SHOWN = 50_000


class _Cell(Struct):
    cell_type: str = ""
    source: str | list[str] = ""
    metadata: dict[str, Any] = {}

    @property
    def text(self) -> str:
        return self.source if isinstance(self.source, str) else "".join(self.source)

    @property
    def grade_id(self) -> str | None:
        mine = self.metadata.get("nbgrader")
        found = mine.get("grade_id") if isinstance(mine, dict) else None
        return found if isinstance(found, str) else None


class _Notebook(Struct):
    cells: list[_Cell]


_decode = msgspec.json.Decoder(_Notebook).decode


def carrier(exercise: Exercise, policy: HiddenFeedback, language: Language) -> bytes:
    """The notebook as it belongs into ``source/``. Raises :class:`CourseError` for a stub that
    nbgrader would not leave as it is."""
    plain = {grade_id(test.name): plain_test(exercise, test, language) for test in exercise.tests}
    cells = [
        Cell("markdown", _statement(exercise, language), _metadata(STATEMENT, locked=True)),
        Cell("code", _with_solution_regions(exercise, language), _metadata(ANSWER, solution=True)),
        *(
            Cell(
                "code",
                _grade_source(cell, plain.get(cell.grade_id), language),
                _grade_metadata(cell),
            )
            for cell in grade_cells(exercise, policy, language)
        ),
    ]
    return notebook(cells, {"autograder": {"exercise": exercise.name, "language": language}})


def language_of(content: bytes, course: Course) -> Language:
    """The language that a carrier was built in; the course's for anything else."""
    try:
        found = msgspec.json.decode(content)["metadata"]["autograder"]["language"]
    except (msgspec.MsgspecError, LookupError, TypeError, UnicodeError, RecursionError):
        return course.language
    return found if found in course.languages else course.language


def _statement(exercise: Exercise, language: Language) -> str:
    both = text("nbgrader_answer", language, file=f"{exercise.name}.py")
    file = f"{exercise.name}.ipynb"
    return f"{statement_markdown(exercise, language, level=1, file=file)}\n{both}"


def _with_solution_regions(exercise: Exercise, language: Language) -> str:
    """The stub, each ``raise NotImplementedError`` in a region of nbgrader's.

    An answer cell without such a region is replaced as a whole by generate_assignment, its
    function included.
    """
    source = stub_source(exercise, language, is_file=False)
    lines = source.split("\n")
    raises = list(_placeholders(ast.parse(source)))
    if not raises:
        raise CourseError(
            "the stub has no 'raise NotImplementedError', which nbgrader puts the place for the "
            "answer in; write one where the student's code goes",
            path=exercise.stub_path,
            line=1,
        )
    for node in sorted(raises, key=lambda node: node.lineno, reverse=True):
        indent = " " * node.col_offset
        lines.insert(node.end_lineno or node.lineno, f"{indent}### END SOLUTION")
        lines.insert(node.lineno - 1, f"{indent}### BEGIN SOLUTION")
    return "\n".join(lines)


def _placeholders(tree: ast.AST) -> Iterator[ast.Raise]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise):
            raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            if isinstance(raised, ast.Name) and raised.id == "NotImplementedError":
                yield node


def _grade_source(cell: GradeCell, plain: str | None, language: Language) -> str:
    """The cell fails closed: where nbgrader grades without our configuration, it raises, and gives
    no points. A student who validates the notebook sees public tests tried, and of the others
    that they are to come."""
    title = text("nbgrader_test", language, title=sanitize(cell.title), points=points(cell.points))
    locked = text("nbgrader_locked", language)
    refusal = f'    {MARK}{text("nbgrader_not_graded", language)}")'
    if plain is not None:
        condition = 'os.environ.get("NBGRADER_EXECUTION") == "autograde"'
        rest = f"\n{plain}"
    else:
        condition = 'os.environ.get("NBGRADER_EXECUTION") != "validate"'
        rest = ""
    return f"# {title}\n# {locked}\nimport os\n\nif {condition}:\n{refusal}\n{rest}"


def _metadata(
    grade_id: str, *, grade: bool = False, solution: bool = False, locked: bool = False
) -> dict[str, Any]:
    return {
        "nbgrader": {
            "schema_version": 3,
            "grade_id": grade_id,
            "grade": grade,
            "solution": solution,
            "locked": locked,
            "task": False,
        }
    }


def _grade_metadata(cell: GradeCell) -> dict[str, Any]:
    metadata = _metadata(cell.grade_id, grade=True, locked=True)
    metadata["nbgrader"]["points"] = cell.points
    # Or "Run All" would stop at the first of them.
    metadata["tags"] = ["raises-exception"]
    return metadata


class StudentsCells(Struct, frozen=True):
    """Of a notebook that was handed in, the source of the answer cell, and of the cells that the
    student added."""

    answer: str | None = None
    others: list[str] = []


def compose(
    carrier: bytes, handed_in: StudentsCells, submission: Submission, exercise: str
) -> Notebook:
    """The carrier with a student's work in it, and nothing else of what was handed in.

    The student's cells come as source text only: no outputs, no metadata, no Markdown that a
    browser would take for HTML. Where the work is in the ``.py`` file, that is shown.
    """
    result: Notebook = msgspec.json.decode(carrier)
    for cell in result["cells"]:
        cell["source"] = "".join(cell["source"])
    answer, others = handed_in.answer, handed_in.others
    extra: list[Notebook] = []
    used = submission.file_for(exercise)
    source = submission.source_for(exercise)
    if source is not None and used != f"{exercise}.ipynb":
        extra.append(_code(f"# {used}\n{source}", "handed-in-file"))
    extra += [_code(source, f"handed-in-{number}") for number, source in enumerate(others, 1)]
    cells = result["cells"]
    place = next(i for i, cell in enumerate(cells) if _grade_id(cell) == ANSWER)
    # nbgrader takes an answer as handed out for none, and would say so.
    cells[place]["source"] = _cut(answer if answer is not None else "")
    result["cells"] = [*cells[: place + 1], *extra, *cells[place + 1 :]]
    return result


def read_students_cells(path: Path, carrier: bytes) -> StudentsCells:
    """What the student wrote in the notebook at ``path``, an ordinary file of a bearable size;
    nothing where there is none that can be read."""
    return reader.read(
        _read_students_cells, (str(path), carrier), StudentsCells, lambda _: StudentsCells()
    )


def _read_students_cells(given: tuple[str, bytes]) -> StudentsCells:
    path, carrier = given
    content = read_file(Path(path), MAX_NOTEBOOK_BYTES)
    return students_cells(content, carrier) if isinstance(content, bytes) else StudentsCells()


def students_cells(content: bytes, carrier: bytes) -> StudentsCells:
    """What the student wrote in a notebook, beside what the ``carrier`` has."""
    if len(content) > MAX_NOTEBOOK_BYTES:
        return StudentsCells()
    known = {_grade_id(cell) for cell in msgspec.json.decode(carrier)["cells"]}
    try:
        cells = _decode(content).cells
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return StudentsCells()
    answer: str | None = None
    others = []
    for cell in cells:
        if cell.grade_id == ANSWER and cell.cell_type == "code" and answer is None:
            answer = cell.text
        elif cell.text.strip() and (cell.grade_id not in known or cell.grade_id == ANSWER):
            others.append(cell.text if cell.cell_type == "code" else _commented(cell.text))
    return StudentsCells(answer, others[:_MAX_CELLS])


def _commented(markdown: str) -> str:
    return "\n".join(f"# {line}" for line in markdown.splitlines())


def _code(source: str, identifier: str) -> Notebook:
    return {
        "cell_type": "code",
        "id": identifier,
        "metadata": {},
        "source": _cut(source),
        "execution_count": None,
        "outputs": [],
    }


def _cut(source: str) -> str:
    clean = shown(source)
    return clean if len(clean) <= _MAX_SHOWN else f"{clean[:_MAX_SHOWN]}\n# …"


def _grade_id(cell: Mapping[str, Any]) -> object:
    return cell["metadata"].get("nbgrader", {}).get("grade_id")


def fill(
    cells: Sequence[dict[str, Any]],
    grade: ExerciseGrade,
    wanted: Sequence[GradeCell],
    language: Language,
) -> dict[str, float]:
    """Write scores and feedback into the grade cells of a notebook, and what the student's code
    printed under the answer. ``grade`` is as its student may see it. Returns the scores by cell.

    nbgrader gives full marks for an output that it does not understand, and for none; so each
    cell gets a plain number between 0 and its points, and 0 if we know nothing of its test.
    """
    by_id = {cell.grade_id: cell for cell in wanted}
    scores: dict[str, float] = {}
    for cell in cells:
        identifier = str(_grade_id(cell))
        if identifier == ANSWER:
            cell["outputs"] = list(_printed(grade, language))
        elif identifier in by_id:
            test = test_of_cell(by_id[identifier], grade)
            scores[identifier] = score_of(by_id[identifier], test)
            cell["outputs"] = list(_outputs(test, scores[identifier], language))
            cell["execution_count"] = None
    return scores


def score_of(cell: GradeCell, test: TestGrade | None) -> float:
    if test is None or not math.isfinite(test.total):
        return 0.0
    return float(clamp(test.total, cell.points))


def _outputs(test: TestGrade | None, score: float, language: Language) -> Iterator[dict[str, Any]]:
    message = text("nbgrader_no_test", language) if test is None else explanation(test, language)
    yield _stream(message)
    yield {
        "output_type": "execute_result",
        "execution_count": None,
        "data": {"text/plain": repr(score)},
        "metadata": {},
    }


def _printed(grade: ExerciseGrade, language: Language) -> Iterator[dict[str, Any]]:
    """Which file counted, and what the code printed."""
    if grade.file:
        counted = text("graded_file", language, exercise=grade.name, file=shown(grade.file))
        yield _stream(counted)
    if grade.output:
        heading = text("printed", language, exercise=grade.name)
        yield _stream(f"{heading}\n{shown(grade.output)}")


def _stream(message: str) -> dict[str, Any]:
    # Never stderr, for which nbgrader takes all points.
    return {"output_type": "stream", "name": "stdout", "text": f"{message}\n"}


def write_notebook(path: Path, content: Notebook) -> bool:
    """Write a notebook, unless the very same is there. Returns whether it was written; raises
    :class:`~autograder.errors.MachineError`."""
    written = msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n"
    if path.is_file() and path.read_bytes() == written:
        return False
    write_atomically(path, written)
    return True
