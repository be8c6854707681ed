"""``README.md`` of a bundle: how to begin, what to hand in, and every statement."""

from __future__ import annotations

from collections.abc import Sequence

from autograder.course.course import Assignment, Course
from autograder.course.statement import statement_markdown
from autograder.text.language import Language
from autograder.text.messages import pick, text


def readmes(
    course: Course,
    assignments: Sequence[Assignment],
    language: Language,
    *,
    notebooks: bool,
    github: bool,
) -> dict[str, str]:
    """The files by path: one with everything for one assignment; of several, one with what is
    common, and one each in the assignments' folders. Formulas are between dollar signs."""
    if len(assignments) == 1:
        (assignment,) = assignments
        how = _how(assignment.name, language, [assignment], notebooks=notebooks, github=github)
        blocks = [*_heading(course, assignment, language), *how, *_work(assignment, language)]
        return {"README.md": "\n".join(blocks)}
    how = _how("<assignment>", language, assignments, notebooks=notebooks, github=github)
    rows = [_row(assignment, language) for assignment in assignments]
    heads = [text(f"word_{word}", language) for word in ("assignment", "points", "due")]
    table = [f"| {' | '.join(heads)} |", "| :-- | --: | :-- |", *rows]
    blocks = [f"# {pick(course.title, language)}\n", *how, "\n".join(table) + "\n"]
    files = {"README.md": "\n".join(blocks)}
    for assignment in assignments:
        own = [*_heading(course, assignment, language), *_work(assignment, language, beside=True)]
        files[f"assignments/{assignment.name}/README.md"] = "\n".join(own)
    return files


def _heading(course: Course, assignment: Assignment, language: Language) -> list[str]:
    blocks = [f"# {pick(assignment.title, language)}\n", f"{pick(course.title, language)}\n"]
    if assignment.due is not None:
        due = assignment.due.isoformat(" ", "minutes")
        blocks.append(text("readme_due", language, due=due))
    return blocks


def _how(
    name: str,
    language: Language,
    assignments: Sequence[Assignment],
    *,
    notebooks: bool,
    github: bool,
) -> list[str]:
    """How to begin, to work and to hand in."""
    folder = f"assignments/{name}"
    by_hand = [bool(one.answers) for each in assignments for one in each.exercises]
    keys = ["readme_beginning"]
    keys += [] if all(by_hand) else ["readme_working"]
    keys += ["readme_by_hand"] if any(by_hand) else []
    if notebooks and not all(by_hand):
        keys.append("readme_notebooks")
    keys.append("readme_hand_in_by_push" if github else "readme_hand_in")
    return [text(key, language, folder=folder, assignment=name) for key in keys]


def _work(assignment: Assignment, language: Language, *, beside: bool = False) -> list[str]:
    """The table of exercises, and every statement. ``beside``: this lies in their folder."""
    folder = "" if beside else f"assignments/{assignment.name}/"
    words = [text(f"word_{word}", language) for word in ("exercise", "file", "points")]
    lines = [f"| {' | '.join(words)} |", "| :-- | :-- | --: |"]
    for exercise in assignment.exercises:
        title = pick(exercise.title, language).replace("|", "\\|")
        link = f"[`{exercise.file}`]({folder}{exercise.file})"
        lines.append(f"| {title} | {link} | {exercise.max_score:g} |")
    statements = [statement_markdown(exercise, language) for exercise in assignment.exercises]
    return ["\n".join(lines) + "\n", *statements]


def _row(assignment: Assignment, language: Language) -> str:
    title = pick(assignment.title, language).replace("|", "\\|")
    link = f"[{title}](assignments/{assignment.name}/README.md)"
    due = "" if assignment.due is None else assignment.due.isoformat(" ", "minutes")
    return f"| {link} | {assignment.max_score:g} | {due} |"
