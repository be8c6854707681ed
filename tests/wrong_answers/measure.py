"""How many wrong answers get full points: ``make wrong-answers``.

The answers were written, class by class, by somebody who had not read the tests that they are
held against. A file has the answers of one class: by exercise, a title and the code.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from pathlib import Path

import yaml
from msgspec import Struct

from autograder.course.course import Course
from autograder.course.exercise import Exercise
from autograder.course.loading import load_course
from autograder.grading.grader import ExerciseGrader
from autograder.sandbox.host import Sandbox
from autograder.submissions.submission import Submission

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


class WrongAnswer(Struct, frozen=True):
    """One program: of which class it is, what is wrong with it, and its source."""

    exercise: str
    kind: str
    title: str
    code: str

    @property
    def source(self) -> str:
        return f"import math\n\nimport numpy as np\n\n{_ERF}\n{self.code}"


# The stub of gelu_backward has it.
_ERF = "erf = np.vectorize(math.erf, otypes=[float])\n"


def wrong_answers() -> list[WrongAnswer]:
    """All of them, in the order of the files."""
    return [
        WrongAnswer(exercise, path.stem, title, code)
        for path in sorted(HERE.rglob("*.yaml"))
        for exercise, answers in yaml.safe_load(path.read_text("utf-8")).items()
        for title, code in answers.items()
    ]


def accepted(
    course: Course, exercise: Exercise, answers: Collection[WrongAnswer], sandbox: Sandbox
) -> Iterator[WrongAnswer]:
    """The answers to one exercise that get full points."""
    grader = ExerciseGrader(course, exercise, sandbox)
    for answer in answers:
        files = {f"{exercise.name}.py": answer.source}
        if grader.gets_full_points(Submission("wrong", exercise.assignment, files)):
            yield answer


def main(names: Collection[str]) -> None:
    """Print, for each class, how many get full points, and which."""
    course = load_course(ROOT)
    answers = wrong_answers()
    full: list[WrongAnswer] = []
    asked = 0
    with Sandbox("sandbox", course.limits, [ROOT]) as sandbox:
        for assignment in course.assignments.values():
            for exercise in assignment.exercises:
                own = [one for one in answers if one.exercise == exercise.name]
                if not own or (names and exercise.name not in names):
                    continue
                asked += len(own)
                for answer in accepted(course, exercise, own, sandbox):
                    full.append(answer)
                    print(f"full points: {answer.exercise}, {answer.kind}: {answer.title}")
    print(f"{len(full)} of {asked} wrong answers get full points")


if __name__ == "__main__":
    main(sys.argv[1:])
