"""``README.md`` of a bundle: how to begin, what to hand in, and every statement."""

from __future__ import annotations

from typing import Final

from autograder.course.course import Assignment, Course
from autograder.course.statement import statement_markdown
from autograder.text.language import Language
from autograder.text.messages import pick, text

# Each written in its own language. `{folder}` is where the student's files are.
_BEGINNING: Final[dict[Language, str]] = {
    "en": """\
You need Python 3.11 or newer. In this folder:

```sh
python -m venv .venv
.venv/bin/python -m pip install -r requirements.txt
.venv/bin/autograder check
```

On Windows the programs are in `.venv\\Scripts\\` and not in `.venv/bin/`. `autograder check` tries
the public tests on your files and says what is wrong and where; with `--watch` it does so whenever
you save. `.venv/bin/pytest` runs the same tests, if you prefer pytest. Nothing that you run here
counts, so try as often as you like.

Write your code in the files in `{folder}/`, between the two markers, and
leave the names of files and functions as they are. The `.yaml` files beside them have the
statements and the public tests.
""",
    "ko": """\
Python 3.11 이상이 필요합니다. 이 폴더에서 다음과 같이 시작하세요.

```sh
python -m venv .venv
.venv/bin/python -m pip install -r requirements.txt
.venv/bin/autograder check
```

Windows에서는 프로그램이 `.venv/bin/`이 아니라 `.venv\\Scripts\\`에 있습니다. `autograder check`는
작성한 파일로 공개 테스트를 해 보고 무엇이 어디에서 틀렸는지 알려 줍니다. `--watch`를 붙이면 파일을
저장할 때마다 다시 합니다. pytest가 편하면 `.venv/bin/pytest`로 같은 테스트를 실행할 수 있습니다.
여기서 실행하는 것은 성적과 관계없으니 몇 번이든 해 보세요.

코드는 `{folder}/`에 있는 파일의 두 표시 사이에 작성하고, 파일 이름과 함수
이름은 그대로 두세요. 옆에 있는 `.yaml` 파일에는 문제 설명과 공개 테스트가 들어 있습니다.
""",
}
_NOTEBOOKS: Final[dict[Language, str]] = {
    "en": """\
If you would rather work in Jupyter, use the notebooks beside these files and leave the `.py` files
untouched: for each exercise, a `.py` file that you have changed counts, and otherwise its notebook.
""",
    "ko": """\
Jupyter가 편하면 이 파일들 옆에 있는 노트북을 쓰고 `.py` 파일은 고치지 마세요. 문제마다 고친 `.py`
파일이 있으면 그 파일을, 없으면 노트북을 채점합니다.
""",
}
_HAND_IN: Final[dict[Language, str]] = {
    "en": """\
Hand in the files in `{folder}/`. Hidden tests give the remaining points.
""",
    "ko": """\
`{folder}/`에 있는 파일을 제출하세요. 나머지 점수는 숨은 테스트에서 나옵니다.
""",
}
_HAND_IN_BY_PUSH: Final[dict[Language, str]] = {
    "en": """\
Hand in by pushing: `git add`, `git commit`, `git push`. Hidden tests give the remaining points.
""",
    "ko": """\
`git add`, `git commit`, `git push`로 push하면 제출됩니다. 나머지 점수는 숨은 테스트에서 나옵니다.
""",
}
_DUE: Final[dict[Language, str]] = {
    "en": "Due: {due}\n",
    "ko": "마감: {due}\n",
}


def readme(
    course: Course, assignment: Assignment, language: Language, *, notebooks: bool, github: bool
) -> str:
    """The whole file. Formulas are between dollar signs."""
    folder = f"assignments/{assignment.name}"

    def own(texts: dict[Language, str]) -> str:
        return texts.get(language, texts["en"]).replace("{folder}", folder)

    blocks = [f"# {pick(assignment.title, language)}\n", f"{pick(course.title, language)}\n"]
    if assignment.due is not None:
        blocks.append(own(_DUE).format(due=assignment.due.isoformat(" ", "minutes")))
    blocks.append(own(_BEGINNING))
    if notebooks:
        blocks.append(own(_NOTEBOOKS))
    blocks.append(own(_HAND_IN_BY_PUSH if github else _HAND_IN))
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
