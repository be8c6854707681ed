"""``README.md`` of a bundle: how to begin, what to hand in, and every statement."""

from __future__ import annotations

from autograder.course.course import Assignment, Course
from autograder.course.statement import statement_markdown
from autograder.text.language import Language
from autograder.text.messages import pick, text


def readme(
    course: Course, assignment: Assignment, language: Language, *, notebooks: bool, github: bool
) -> str:
    """The whole file. Formulas are between dollar signs."""
    folder = f"assignments/{assignment.name}"

    def own(key: str, **values: object) -> str:
        return text(f"readme_{key}", language, folder=folder, **values)

    blocks = [f"# {pick(assignment.title, language)}\n", f"{pick(course.title, language)}\n"]
    if assignment.due is not None:
        blocks.append(own("due", due=assignment.due.isoformat(" ", "minutes")))
    blocks.append(own("beginning"))
    if notebooks:
        blocks.append(own("notebooks"))
    blocks.append(own("hand_in_by_push" if github else "hand_in"))
    blocks.append(_overview(assignment, language))
    blocks += [statement_markdown(exercise, language) for exercise in assignment.exercises]
    return "\n".join(blocks)


def _overview(assignment: Assignment, language: Language) -> str:
    words = [text(f"word_{word}", language) for word in ("exercise", "file", "points")]
    lines = [f"| {' | '.join(words)} |", "| :-- | :-- | --: |"]
    for exercise in assignment.exercises:
        file = f"assignments/{assignment.name}/{exercise.name}.py"
        title = pick(exercise.title, language).replace("|", "\\|")
        lines.append(f"| {title} | [`{exercise.name}.py`]({file}) | {exercise.max_score:g} |")
    return "\n".join(lines) + "\n"
