"""A bundle in Korean: whatever a student reads in it is Korean, but for code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from autograder.course.course import Course
from autograder.course.loading import load_course
from autograder.release.answer_form import form_notebook, form_yaml
from autograder.release.notebooks import exercise_notebook
from autograder.release.readme import readmes
from autograder.release.stubs import stub_source
from tests.support.latin import latin_sentences

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def course() -> Course:
    return load_course(ROOT, public=True)


def test_the_search_finds_sentences() -> None:
    assert latin_sentences("파일이 없습니다. There is no such file. 다시 하세요.")
    assert latin_sentences("Write your code here and there")
    assert not latin_sentences("numpy의 `np.dot(a, b)`와 the, 그리고 autograder check dx")


def test_statements_and_instructions(course: Course) -> None:
    for assignment in course.assignments.values():
        for github in (False, True):
            (shown,) = readmes(course, [assignment], "ko", notebooks=True, github=github).values()
            assert latin_sentences(shown) == []
    everything = list(course.assignments.values())
    whole = readmes(course, everything, "ko", notebooks=True, github=False)
    assert len(whole) == 1 + len(everything)
    assert [one for shown in whole.values() for one in latin_sentences(shown)] == []


def test_stubs_and_notebooks(course: Course) -> None:
    for assignment in course.assignments.values():
        for exercise in assignment.exercises:
            if exercise.answers:
                form = form_yaml(course, exercise, "ko", None).decode()
                comments = "\n".join(one for one in form.split("\n") if "#" in one)
                assert latin_sentences(comments) == []
                content = json.loads(form_notebook(course, exercise, "ko", None))
                sources = ["".join(cell["source"]) for cell in content["cells"]]
                assert [one for source in sources for one in latin_sentences(source)] == []
                continue
            stub = stub_source(exercise, "ko")
            compile(stub, exercise.name, "exec")
            assert latin_sentences(stub) == []
            cells = json.loads(exercise_notebook(exercise, "ko"))["cells"]
            assert [one for cell in cells for one in latin_sentences("".join(cell["source"]))] == []


def test_a_stub_in_the_authors_language_keeps_its_docstrings(course: Course) -> None:
    (exercise,) = (one for one in course.assignments["linear-layer"].exercises if one.name == "dx")
    stub = stub_source(exercise, "en")
    assert "Return dx, the gradient of the loss with respect to x, where y = W @ x." in stub
    assert not any("가" <= char <= "힣" for char in stub)
