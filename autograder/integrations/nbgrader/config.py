"""``nbgrader_config.py``: what it has to say, said in one call.

from autograder.integrations.nbgrader.config import configure
configure(c)
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

EXPORTER = "autograder.integrations.nbgrader.autograding.SubmissionExporter"
FEEDBACK_EXPORTER = "autograder.integrations.nbgrader.student_feedback.FeedbackExporter"
PREPROCESSOR = "autograder.integrations.nbgrader.autograding.ExternalGrade"
SCORES = "autograder.integrations.nbgrader.autograding.SaveScores"
PENALTIES = "autograder.integrations.nbgrader.autograding.LatePenalties"

# nbgrader's own list, for courses that do not set one, with ours in place of three of it.
_PREPROCESSORS = [
    PREPROCESSOR,
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    SCORES,
    PENALTIES,
    "nbgrader.preprocessors.CheckCellMetadata",
]
_REPLACED = {
    "Execute": PREPROCESSOR,
    "SaveAutoGrades": SCORES,
    "AssignLatePenalties": PENALTIES,
}

MEND = (
    "add as the last line of nbgrader_config.py: "
    "from autograder.integrations.nbgrader.config import configure; configure(c)"
)


def configure(c: Any, course: str | os.PathLike[str] | None = None) -> None:
    """Set everything in nbgrader's configuration ``c`` that autograding with this grader needs.

    Call it last: what the file has set before is kept, and in its list of preprocessors nbgrader's
    ``Execute``, ``SaveAutoGrades`` and ``AssignLatePenalties`` are replaced. ``course`` is the
    course's folder; default: nbgrader's own, ``c.CourseDirectory.root``, or the current one.
    """
    root = Path(course or _root(c)).expanduser()
    if course is not None:
        c.Autograder.course = str(root.absolute())
    c.Autograde.exporter_class = EXPORTER
    c.GenerateFeedback.exporter_class = FEEDBACK_EXPORTER
    theirs = c.Autograde.get("autograde_preprocessors")
    chosen = (
        list(_PREPROCESSORS)
        if not isinstance(theirs, list)
        else [_REPLACED.get(_name(one), one) for one in theirs]
    )
    c.Autograde.autograde_preprocessors = chosen
    excluded = c.Autograde.get("exclude_overwriting")
    c.Autograde.exclude_overwriting = _with_stubs(
        excluded if isinstance(excluded, Mapping) else {}, answer_files(root)
    )


def _root(c: Any) -> str:
    root = c.CourseDirectory.get("root")
    return root if isinstance(root, str) and root else os.getcwd()


def _name(preprocessor: object) -> str:
    if isinstance(preprocessor, str):
        return preprocessor.rpartition(".")[2]
    return getattr(preprocessor, "__name__", "")


def _with_stubs(
    excluded: Mapping[str, Any], stubs: Mapping[str, list[str]]
) -> dict[str, list[str]]:
    merged = {name: list(files) for name, files in excluded.items()}
    for name, files in stubs.items():
        merged[name] = sorted({*merged.get(name, []), *files})
    return merged


def answer_files(course: Path) -> dict[str, list[str]]:
    """By assignment, the files that students write to: the stub of every exercise.

    From the folder alone, as this runs whenever nbgrader starts.
    """
    found: dict[str, list[str]] = {}
    for statement in sorted((course / "assignments").glob("*/*.yaml")):
        found.setdefault(statement.parent.name, []).append(f"{statement.stem}.py")
    return found


def new_config(course_id: str, exchange: Path, course: Path | None) -> str:
    """The text of an ``nbgrader_config.py`` for a course that has none. ``course`` is its
    folder where that is not the one that the file lies in."""
    argument = "" if course is None else f", course={str(course)!r}"
    return f"""\
# Written by "autograder nbgrader build", once; from here on it is yours.
import os

from autograder.integrations.nbgrader.config import configure

c = get_config()

c.CourseDirectory.course_id = {course_id!r}
c.CourseDirectory.root = os.path.dirname(os.path.abspath(__file__))

# A folder that students and instructors share. Students need the course_id and this line in an
# nbgrader_config.py of their own.
c.Exchange.root = {str(exchange)!r}

# Last: sets the exporter, autograde_preprocessors and exclude_overwriting.
configure(c{argument})
"""


def faults(config: Any, course: Path) -> list[str]:
    """What a loaded configuration lacks; :data:`MEND` mends each. See :func:`configure`."""
    found = []
    autograde = config.Autograde
    names = [_full_name(one) for one in _listed(autograde.get("autograde_preprocessors"))]
    if PREPROCESSOR not in names:
        found.append(
            f"c.Autograde.autograde_preprocessors lacks {PREPROCESSOR}, so that autograde would "
            "give everybody 0"
        )
    for name in (SCORES, PENALTIES):
        if PREPROCESSOR in names and name not in names:
            found.append(
                f"c.Autograde.autograde_preprocessors lacks {name}, so that due dates of "
                "config.yaml would not count"
            )
    if _full_name(autograde.get("exporter_class")) != EXPORTER:
        found.append(
            f"c.Autograde.exporter_class is not {EXPORTER}, so that a damaged notebook would "
            "stop its whole run"
        )
    if _full_name(config.GenerateFeedback.get("exporter_class")) != FEEDBACK_EXPORTER:
        found.append(
            f"c.GenerateFeedback.exporter_class is not {FEEDBACK_EXPORTER}, so that feedback "
            "would load scripts from the network"
        )
    excluded = autograde.get("exclude_overwriting")
    excluded = excluded if isinstance(excluded, Mapping) else {}
    for name, files in answer_files(course).items():
        missing = sorted(set(files) - set(excluded.get(name, [])))
        if missing:
            found.append(
                f"c.Autograde.exclude_overwriting lacks {', '.join(missing)} of {name}, so that "
                "formgrader would show the stub in place of what was handed in"
            )
    return found


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _full_name(value: object) -> str:
    if isinstance(value, str):
        return value
    return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', '')}"
