"""Which exercises and files a call of check is about."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from autograder.errors import UsageError
from autograder.student.discovery import Work, find_exercises

ROOT = Path(__file__).parents[3]
LINEAR = ("jacobian", "dx_elementwise", "dx", "dW_elementwise", "dW", "linear_backward")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    root = tmp_path / "bundle"
    shutil.copytree(ROOT / "assignments", root / "assignments")
    shutil.copy(ROOT / "config.yaml", root)
    return root


def names(works: tuple[Work, ...]) -> tuple[str, ...]:
    return tuple(work.exercise.name for work in works)


@pytest.mark.parametrize("place", [".", "assignments"])
def test_the_whole_course(place: str, bundle: Path) -> None:
    assert len(find_exercises(cwd=bundle / place)) == len(
        list((ROOT / "assignments").glob("*/*.yaml"))
    )
    assert len(find_exercises([bundle / place], cwd=bundle.parent)) == len(
        list((ROOT / "assignments").glob("*/*.yaml"))
    )


def test_one_assignment(bundle: Path) -> None:
    folder = bundle / "assignments" / "linear-layer"
    assert names(find_exercises(cwd=folder)) == LINEAR
    assert names(find_exercises([folder], cwd=bundle.parent)) == LINEAR
    assert names(find_exercises([Path("linear-layer")], cwd=bundle)) == LINEAR
    assert names(find_exercises([Path("../linear-layer")], cwd=folder.parent / "mlp")) == LINEAR


@pytest.mark.parametrize("path", ["dx.py", "dx.yaml", "dx", "./dx.py"])
def test_one_exercise(path: str, bundle: Path) -> None:
    (work,) = find_exercises([Path(path)], cwd=bundle / "assignments" / "linear-layer")
    assert work.exercise.name == "dx"
    assert work.ref.files is not None
    assert work.ref.files["dx.py"].samefile(bundle / "assignments" / "linear-layer" / "dx.py")


def test_no_exercise_twice(bundle: Path) -> None:
    paths = [Path("dx"), Path("assignments/linear-layer"), Path("assignments/linear-layer/dx.py")]
    found = find_exercises(paths, cwd=bundle)
    assert sorted(names(found)) == sorted(LINEAR)


def test_work_in_another_folder(bundle: Path, tmp_path: Path) -> None:
    elsewhere = bundle / "attempts" / "monday"
    elsewhere.mkdir(parents=True)
    (elsewhere / "dx.py").write_text("")
    (elsewhere / "notes.py").write_text("")
    (elsewhere / "mlp.ipynb").write_text("")
    found = find_exercises([elsewhere], cwd=tmp_path)
    assert names(found)[0] == "dx"
    assert {work.exercise.assignment for work in found} == {"linear-layer", "mlp"}
    assert len(found) == 6


def test_files_outside_the_course_are_of_the_course_here(bundle: Path, tmp_path: Path) -> None:
    answer = tmp_path / "downloads" / "dx.py"
    answer.parent.mkdir()
    answer.write_text("")
    (work,) = find_exercises([answer], cwd=bundle)
    assert work.ref.files == {"dx.py": answer}


def test_a_notebook_is_not_overruled_by_the_file_beside_it(bundle: Path) -> None:
    notebook = bundle / "assignments" / "linear-layer" / "dx.ipynb"
    notebook.write_text("{}")
    (work,) = find_exercises([notebook], cwd=bundle)
    assert work.ref.files is not None
    assert "dx.py" not in work.ref.files
    assert "dW.py" in work.ref.files  # which it may import
    (work,) = find_exercises([notebook.with_suffix(".py")], cwd=bundle)
    assert work.ref.files is not None
    assert "dx.ipynb" not in work.ref.files


def test_notebooks_beside_the_configuration(bundle: Path) -> None:
    (bundle / "linear-layer.ipynb").write_text("{}")
    (work,) = find_exercises([Path("dx")], cwd=bundle)
    assert work.ref.files is not None
    assert work.ref.files["linear-layer.ipynb"] == bundle / "linear-layer.ipynb"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("dz", "did you mean 'dx'|there are"),
        ("assignments/linear-layer/other.py", "no such file"),
        ("assignments/draft", "does not list the assignment 'draft'"),
        ("config.yaml", "belongs to no exercise"),
        ("../outside", "no file here belongs to an exercise"),
    ],
)
def test_paths_that_are_about_nothing(path: str, message: str, bundle: Path) -> None:
    (bundle / "assignments" / "draft").mkdir()
    (bundle.parent / "outside").mkdir()
    with pytest.raises(UsageError, match=message) as caught:
        find_exercises([Path(path)], cwd=bundle)
    assert "\n" not in str(caught.value)
