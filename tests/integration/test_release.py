"""`autograder release` as used: what is in the bundle, what is not, and what stays as it is."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from autograder.authoring.leaks import LONG, long_passages
from autograder.course.exercise import Exercise
from autograder.course.loading import load_course
from autograder.release import packages
from autograder.submissions.notebook import source_from_notebook
from autograder.truth.cases import draw_cases
from tests.support.notebooks import fill_in
from tests.support.small_course import copy_course, run

ROOT = Path(__file__).resolve().parents[2]
COURSE = ROOT / "tests" / "courses" / "good"
ASSIGNMENTS = ("linear-layer", "batched-linear", "gradient-checking", "mlp")


def release(*arguments: object, course: Path = COURSE) -> subprocess.CompletedProcess[str]:
    done = run("release", *arguments, course=course)
    assert done.returncode == 0, done.stderr
    return done


def copied(tmp_path: Path) -> Path:
    """The good course, to be spoiled."""
    copy_course(COURSE, tmp_path / "course")
    return tmp_path / "course"


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


Bundles = Callable[[str], Path]


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Bundles:
    """Bundles of this course's own assignments, with everything that there may be."""

    @functools.cache
    def made(assignment: str) -> Path:
        folder = tmp_path_factory.mktemp("bundle") / assignment
        release(assignment, folder, "--notebook", "--github", course=ROOT)
        return folder

    return made


@pytest.fixture(scope="module")
def bundle(bundles: Bundles) -> Path:
    """One of them, for what does not depend on the assignment."""
    return bundles(ASSIGNMENTS[0])


@pytest.fixture(
    scope="module",
    params=[
        ASSIGNMENTS[0],
        *(pytest.param(one, marks=pytest.mark.course) for one in ASSIGNMENTS[1:]),
    ],
)
def each_bundle(request: pytest.FixtureRequest, bundles: Bundles) -> Path:
    """Each of them, for what depends on the files of the assignment."""
    return bundles(request.param)


def test_the_bundle_has_the_public_files(each_bundle: Path) -> None:
    public = contents(ROOT / "assignments" / each_bundle.name)
    released = contents(each_bundle / "assignments" / each_bundle.name)
    assert {name: one for name, one in released.items() if name.endswith(".yaml")} == {
        name: one for name, one in public.items() if name.endswith(".yaml")
    }
    made = (".ipynb", ".json")
    assert {name for name in released if not name.endswith(made)} == public.keys()
    for name in public:
        if name.endswith(".py"):  # a docstring of its own, and what it says when it is run
            shown = subprocess.run(
                [sys.executable, "-I", "-c", released[name]],
                capture_output=True,
                text=True,
                check=True,
            )
            assert f"autograder check {Path(name).stem}" in shown.stdout
    notebooks = {name for name in released if name.endswith(".ipynb")}
    assert notebooks == {f"{Path(name).stem}.ipynb" for name in public if name.endswith(".py")}
    assert "hints.json" in released
    others = {name.split("/")[0] for name in contents(each_bundle)}
    assert others == {
        ".github", ".gitignore", "README.md", "assignments", "config.yaml", "requirements.txt",
        "schema", "wheels",
    }  # fmt: skip


def test_nothing_secret_is_in_the_bundle(each_bundle: Path) -> None:
    """Looked for in another way than the leak check does."""
    texts = {
        name: content.decode()
        for name, content in contents(each_bundle).items()
        if not name.endswith(".whl")
    }
    everything = "\n".join(texts.values())
    config = (ROOT / "config.yaml").read_text("utf-8")
    assert "seed" in yaml.safe_load(config)
    assert "seed" not in yaml.safe_load(texts["config.yaml"])
    for path in (ROOT / "tests" / "hidden" / each_bundle.name).glob("*.yaml"):
        hidden = yaml.safe_load(path.read_text("utf-8"))
        for mistake in hidden["mistakes"]:
            for hint in mistake["hint"].values():
                assert hint.strip() not in everything
            assert f"name: {mistake['name']}\n" not in everything
        drawn_as = {str(test["draw"]) for test in hidden["tests"] if "draw" in test}
        assert not [draw for draw in drawn_as if draw in everything]
    for path in (ROOT / "solutions" / each_bundle.name).glob("*.py"):
        body = path.read_text("utf-8").split("# ---- your code starts here ----")[-1]
        secrets = {path.name: body.split("# ---- your code ends here ----")[0]}
        assert not list(long_passages(secrets, texts, 2 * LONG))


def test_public_cases_are_those_of_the_course(each_bundle: Path) -> None:
    released = load_course(each_bundle, public=True)
    course = load_course(ROOT, only=[each_bundle.name])
    exercises = course.assignments[each_bundle.name].exercises
    for mine, theirs in zip(
        exercises, released.assignments[each_bundle.name].exercises, strict=True
    ):
        assert not theirs.mistakes
        assert drawn(theirs, released.seed) == drawn(mine, course.seed)


def drawn(exercise: Exercise, seed: int) -> list[bytes]:
    return [
        array.tobytes()
        for test in exercise.run_tests
        if test.visibility == "public"
        for case in draw_cases(exercise, test, seed)
        for array in case.arrays.values()
    ]


def test_readme_has_every_statement_and_every_file_it_names(each_bundle: Path) -> None:
    text = (each_bundle / "README.md").read_text("utf-8")
    course = load_course(ROOT, only=[each_bundle.name])
    for exercise in course.assignments[each_bundle.name].exercises:
        assert f"\n## {exercise.title['en']}\n" in text
        assert f"| {exercise.max_score:g} |\n" in text
    for link in re.findall(r"\]\(([^)]+)\)", text):
        assert (each_bundle / link).is_file()
    lines = (each_bundle / "requirements.txt").read_text("utf-8").splitlines()
    wheel, pytest_line, jupyter = lines
    assert jupyter.startswith("notebook")
    assert (each_bundle / wheel).is_file()
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert [pytest_line] == extras["optional-dependencies"]["pytest"]
    for words in ("py -m venv .venv", "python3 -m venv .venv", "jupyter notebook"):
        assert words in text
    assert "$`" in text
    assert "{" not in re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)


def test_a_solved_notebook_gets_all_points_and_an_untouched_one_none(
    bundle: Path, tmp_path: Path
) -> None:
    """Beside the untouched stubs, as they lie in the bundle."""
    folder = tmp_path / "submissions"
    stubs = bundle / "assignments" / bundle.name
    for student in ("solved", "untouched"):
        shutil.copytree(stubs, folder / student / bundle.name)
    for path in (folder / "solved" / bundle.name).glob("*.ipynb"):
        solution = (ROOT / "solutions" / bundle.name / f"{path.stem}.py").read_text("utf-8")
        fill_in(path, solution)
    out = tmp_path / "out"
    done = run("grade", folder, "--out", out, "--quiet", course=ROOT)
    assert done.returncode == 0, done.stderr
    scores = {
        student: json.loads((out / student / f"{bundle.name}.json").read_text("utf-8"))["score"]
        for student in ("solved", "untouched")
    }
    assert scores == {"solved": 100, "untouched": 0}


def test_a_bundle_can_be_a_course_to_grade_with(bundle: Path, tmp_path: Path) -> None:
    """For workflows that have public tests alone."""
    folder = tmp_path / "submissions"
    shutil.copytree(ROOT / "solutions" / bundle.name, folder / "kim" / bundle.name)
    shutil.copytree(bundle / "assignments" / bundle.name, folder / "lee" / bundle.name)
    done = run("grade", folder, "--out", tmp_path / "out", "--quiet", course=bundle)
    assert done.returncode == 0, done.stderr
    kim, lee = (
        json.loads((tmp_path / "out" / student / f"{bundle.name}.json").read_text("utf-8"))
        for student in ("kim", "lee")
    )
    assert kim["score"] == kim["max_score"] > lee["score"] == 0
    tests = [test for exercise in kim["exercises"] for test in exercise["tests"]]
    assert {test["visibility"] for test in tests} == {"public"}


def test_check_works_in_the_bundle(bundle: Path, tmp_path: Path) -> None:
    """Untouched it fails kindly, with the solutions it passes."""
    work = tmp_path / "bundle"
    shutil.copytree(bundle, work)
    untouched = check(work)
    assert untouched.returncode == 1
    assert untouched.stdout.count("not started") == len(list(work.rglob("*.py")))
    assert "Traceback" not in untouched.stdout + untouched.stderr
    for path in (ROOT / "solutions" / bundle.name).glob("*.py"):
        shutil.copy(path, work / "assignments" / bundle.name)
    solved = check(work)
    assert solved.returncode == 0, solved.stdout


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "autograder", "check"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_batch_of_template_repositories_is_a_class(bundle: Path, tmp_path: Path) -> None:
    """As `gh classroom clone` leaves them."""
    for student in ("kim", "lee"):
        shutil.copytree(bundle, tmp_path / "class" / f"{bundle.name}-{student}")
    for path in (ROOT / "solutions" / bundle.name).glob("*.py"):
        shutil.copy(path, tmp_path / "class" / f"{bundle.name}-kim" / "assignments" / bundle.name)
    for layout in ("classroom", "auto"):
        out = tmp_path / layout
        done = run(
            "grade", tmp_path / "class", "--layout", layout, "--out", out, "--quiet", course=ROOT
        )
        assert done.returncode == 0, done.stderr
        scores = {
            path.parent.name: json.loads(path.read_text("utf-8"))["score"]
            for path in out.glob("*/*.json")
        }
        assert scores == {"kim": 100, "lee": 0}
    assert "Layout: classroom" in done.stdout


def test_notebooks_say_what_the_stub_and_the_statement_say(tmp_path: Path) -> None:
    release("linear-layer", tmp_path / "b", "--notebook", "--lang", "ko")
    path = tmp_path / "b" / "assignments" / "linear-layer" / "dx.ipynb"
    notebook = json.loads(path.read_text("utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    cells = ["".join(cell["source"]) for cell in notebook["cells"]]
    assert cells[0].startswith("# 입력에 대한 gradient\n")
    assert "$y = W x$의 $dL/dx$를 구하세요." in cells[0]
    assert "`dx.ipynb`" in cells[0]
    assert cells[1].startswith("def linear_dx(W, dy):")
    assert cells[-1] == 'import autograder\n\nautograder.check("dx")'
    assert "raise NotImplementedError" in source_from_notebook(path.read_bytes())
    readme = (tmp_path / "b" / "README.md").read_text("utf-8")
    assert readme.startswith("# Linear layer\n")
    assert "제출하세요" in readme
    assert yaml.safe_load((tmp_path / "b" / "config.yaml").read_text("utf-8"))["language"] == "ko"


def test_a_second_release_keeps_work_and_renews_the_rest(tmp_path: Path) -> None:
    course = copied(tmp_path)
    folder = tmp_path / "bundle"
    release("linear-layer", folder, "--notebook", course=course)
    assert release("linear-layer", folder, "--notebook", course=course).stdout == (
        f"linear-layer: 0 of 11 files written to {folder}\n"
    )
    stub = folder / "assignments" / "linear-layer" / "dx.py"
    stub.write_text("def linear_dx(W, dy):\n    return W.T @ dy  # mine\n")
    public = course / "assignments" / "linear-layer" / "dx.yaml"
    public.write_text(public.read_text("utf-8").replace("Find $dL/dx$", "Work out $dL/dx$"))
    (folder / "notes.md").write_text("my own")

    done = release("linear-layer", folder, "--notebook", course=course)
    assert stub.read_text().endswith("# mine\n")
    assert f"Kept, as somebody has worked on it: {stub}" in done.stderr
    assert "Work out" in (stub.parent / "dx.yaml").read_text("utf-8")
    assert "Work out" in (folder / "README.md").read_text("utf-8")
    # The notebook may have been worked on as well: nobody knows, so it stays.
    assert "Work out" not in (stub.parent / "dx.ipynb").read_text("utf-8")
    assert (folder / "notes.md").read_text() == "my own"


def test_github_has_a_workflow_that_grades_this_assignment(tmp_path: Path) -> None:
    folder = tmp_path / "template"
    done = release(
        "linear-layer", folder, "--github",
        "--action", "kim/backprop-autograder@v1", "--course-repository", "kim/secret-course",
    )  # fmt: skip
    assert "OWNER" not in done.stderr
    text = (folder / ".github" / "workflows" / "classroom.yml").read_text("utf-8")
    workflow = yaml.safe_load(text)
    steps = workflow["jobs"]["grade"]["steps"]
    (grade,) = [step for step in steps if step.get("id") == "grade"]
    assert grade["uses"] == "kim/backprop-autograder@v1"
    inputs = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["inputs"]
    assert set(grade["with"]) <= set(inputs)
    assert grade["with"]["assignment"] == "linear-layer"
    (course,) = [step for step in steps if "repository" in step.get("with", {})]
    assert course["with"]["repository"] == "kim/secret-course"
    assert "secrets.AUTOGRADER_COURSE_KEY" in course["with"]["ssh-key"]
    assert "Fill in OWNER" in release("linear-layer", tmp_path / "t", "--github").stderr


def test_requirement_is_what_students_install(tmp_path: Path) -> None:
    wanted = "backprop-autograder @ git+https://example.org/a.git@v1"
    release("linear-layer", tmp_path / "b", "--requirement", wanted)
    assert (tmp_path / "b" / "requirements.txt").read_text() == f"{wanted}\npytest>=8\n"
    assert not (tmp_path / "b" / "wheels").exists()


def test_the_whole_course_in_one_bundle(tmp_path: Path) -> None:
    course = copied(tmp_path)
    second = course / "assignments" / "second"
    for tree in ("assignments", "solutions", "tests/hidden"):
        shutil.copytree(course / tree / "linear-layer", course / tree / "second")
    assert second.is_dir()
    config = yaml.safe_load((course / "config.yaml").read_text("utf-8"))
    config["assignments"]["second"] = json.loads(json.dumps(config["assignments"]["linear-layer"]))
    (course / "config.yaml").write_text(yaml.safe_dump(config, allow_unicode=True), "utf-8")
    folder = tmp_path / "b"
    done = release(folder, "--notebook", "--devcontainer", course=course)
    assert done.stdout.startswith("linear-layer, second: ")
    text = (folder / "README.md").read_text("utf-8")
    for link in re.findall(r"\]\(([^)]+)\)", text):
        assert (folder / link).is_file()
    assert "linear_dx" in (folder / "assignments/second/README.md").read_text("utf-8")
    checked = subprocess.run(
        [sys.executable, "-m", "autograder", "--help"],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert re.findall(r"^  ([a-z]+)  ", checked.stdout, re.MULTILINE) == ["check", "next", "submit"]
    container = json.loads((folder / ".devcontainer/devcontainer.json").read_text("utf-8"))
    assert "requirements.txt" in container["postCreateCommand"]
    assert (
        "linear-layer, second: 0 of"
        in release(folder, "--notebook", "--devcontainer", course=course).stdout
    )


def test_a_button_for_colab(tmp_path: Path) -> None:
    release("linear-layer", tmp_path / "b", "--notebook", "--colab", "kim/backprop@work")
    path = tmp_path / "b" / "assignments" / "linear-layer" / "dx.ipynb"
    cells = ["".join(cell["source"]) for cell in json.loads(path.read_text("utf-8"))["cells"]]
    where = "github/kim/backprop/blob/work/assignments/linear-layer/dx.ipynb)"
    assert where in cells[0]
    assert "git clone -q --branch work https://github.com/kim/backprop.git" in cells[1]
    # Nothing of this is in the way when the notebook is graded.
    assert "google" not in source_from_notebook(path.read_bytes())


def test_offline_has_the_wheels_of_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip itself is not asked here; its options are."""
    asked: list[list[str]] = []

    def download(command: list[str], **more: object) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        found = Path(command[command.index("--dest") + 1])
        found.mkdir(exist_ok=True)
        (found / f"numpy-{command[command.index('--python-version') + 1]}.whl").write_bytes(b"x")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", download)
    targets = [packages.Target("windows", "3.12"), packages.Target("macos", "3.13")]
    files = packages.package_files(None, targets, jupyter=False)
    assert {"wheels/numpy-3.12.whl", "wheels/numpy-3.13.whl"} < files.keys()
    lines = files["requirements.txt"].decode().splitlines()
    assert lines[:2] == ["--no-index", "--find-links ./wheels"]
    assert [command[command.index("--platform") + 1] for command in asked] == [
        "win_amd64",
        "macosx_11_0_arm64",
    ]
    assert all("--only-binary=:all:" in command for command in asked)


def test_files_of_no_exercise_and_hidden_ones_stay_behind(tmp_path: Path) -> None:
    course = copied(tmp_path)
    folder = course / "assignments" / "linear-layer"
    (folder / "picture.svg").write_text("<svg/>")
    (folder / "draft.py").write_text("x = 1\n")
    (folder / ".notes").write_text("x")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "dx.pyc").write_bytes(b"x")
    done = release("linear-layer", tmp_path / "b", course=course)
    assert "belongs to no exercise: assignments/linear-layer/draft.py" in done.stderr
    released = {path.name for path in (tmp_path / "b" / "assignments" / "linear-layer").iterdir()}
    assert released == {"dx.py", "dx.yaml", "hidden-points.json", "hints.json", "picture.svg"}


# What must be refused


def leaking(course: Path, name: str, text: str) -> None:
    with open(course / "assignments" / "linear-layer" / name, "a", encoding="utf-8") as file:
        file.write(text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("dx.py", "\n# return W.T @ dy\n"),
        ("notes.md", "Your own question to ask yourself here: who else uses dy?\n" * 2),
        ("dx.yaml", "# rectangles\n"),
    ],
)
def test_a_leak_is_refused(tmp_path: Path, name: str, text: str) -> None:
    course = copied(tmp_path)
    if name == "notes.md":
        hidden = course / "tests" / "hidden" / "linear-layer" / "dx.yaml"
        hint = "Who else uses dy after you have written your results into its memory?"
        hidden.write_text(hidden.read_text("utf-8").replace("Who else uses dy?", hint))
        text = hint
    if name == "dx.yaml":
        hidden = course / "tests" / "hidden" / "linear-layer" / "dx.yaml"
        text = "".join(f"# {line}\n" for line in ["", hidden.read_text("utf-8").replace("\n", " ")])
    leaking(course, name, text)
    done = run("release", "linear-layer", tmp_path / "b", course=course)
    assert done.returncode == 2
    assert f"error: assignments/linear-layer/{name}: contains '" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "b").exists()


def test_public_tests_that_need_the_solution_are_refused(tmp_path: Path) -> None:
    course = copied(tmp_path)
    path = course / "assignments" / "linear-layer" / "dx.yaml"
    text, _, tests = path.read_text("utf-8").partition("auxiliary:")
    _, _, tests = tests.partition("tests:")
    path.write_text(f"{text}tests:{tests}".replace("[finite_differences]", "[reference]"))
    hidden = course / "tests" / "hidden" / "linear-layer" / "dx.yaml"
    hidden.write_text(hidden.read_text("utf-8").replace("finite_differences, ", ""))
    done = run("release", "linear-layer", tmp_path / "b", course=course)
    assert done.returncode == 2
    assert "assignments/linear-layer/dx.yaml:" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_link_is_refused_on_either_side(tmp_path: Path) -> None:
    course = copied(tmp_path)
    link = course / "assignments" / "linear-layer" / "hint.txt"
    link.symlink_to(course / "solutions" / "linear-layer" / "dx.py")
    done = run("release", "linear-layer", tmp_path / "b", course=course)
    assert done.returncode == 2
    assert "hint.txt: is a link" in done.stderr
    link.unlink()

    folder, outside = tmp_path / "bundle", tmp_path / "outside"
    release("linear-layer", folder, course=course)
    outside.mkdir()
    shutil.rmtree(folder / "assignments" / "linear-layer")
    (folder / "assignments" / "linear-layer").symlink_to(outside)
    done = run("release", "linear-layer", folder, course=course)
    assert done.returncode == 2
    assert "linear-layer: is a link" in done.stderr
    assert not list(outside.iterdir())


CALLS: dict[str, tuple[tuple[object, ...], str]] = {
    "no such assignment": (("nothing", "b"), "nothing: no such assignment; the course has linear"),
    "a file": (("linear-layer", "file"), "file: is a file; name a folder"),
    "a folder with something else": (("linear-layer", "full"), "full: is not empty, and no"),
    "another bundle": (("linear-layer", "other"), "other: is not empty, and no earlier bundle"),
    "the course": (("linear-layer", "course"), "course: is not empty, and no earlier bundle"),
    "inside the course": (
        ("linear-layer", "course/tests/x"),
        "course/tests/x: lies in the course's tests/",
    ),
    "an unknown language": (("linear-layer", "b", "--lang", "fr"), "--lang fr: the course"),
    "github alone": (("linear-layer", "b", "--action", "a/b@v1"), "--action is for --github"),
    "an action that is none": (
        ("linear-layer", "b", "--github", "--action", "a b"),
        "write it as OWNER/REPO",
    ),
    "python without offline": (("linear-layer", "b", "--python", "3.12"), "is for --offline"),
    "colab without notebooks": (("linear-layer", "b", "--colab", "a/b"), "is for --notebook"),
    "colab nowhere": (
        ("linear-layer", "b", "--notebook", "--colab", "a"),
        "write it as OWNER/REPO",
    ),
    "two requirements": (("linear-layer", "b", "--requirement", "a\nb"), "give one line"),
    "a folder that is no folder": (("linear-layer", "file/b"), "file/b"),
}


@pytest.mark.parametrize("name", CALLS)
def test_wrong_calls_end_with_one_line(name: str, tmp_path: Path) -> None:
    course = copied(tmp_path)
    (tmp_path / "file").write_text("x")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "config.yaml").write_text("title: x\n")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "config.yaml").write_text(
        "# Bundle of the assignment 'mlp', made by 'autograder release'.\n"
    )
    before = contents(tmp_path)
    arguments, message = CALLS[name]
    done = run("release", *arguments, course=course, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1
    assert contents(tmp_path) == before


@pytest.mark.slow
def test_the_wheel_installs_without_network(tmp_path: Path) -> None:
    release("linear-layer", tmp_path / "b")
    wheel = (tmp_path / "b" / "requirements.txt").read_text("utf-8").splitlines()[0]
    command = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--isolated"]
    done = subprocess.run(
        [*command, "--target", str(tmp_path / "t"), wheel],
        cwd=tmp_path / "b",
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "t" / "autograder" / "cli" / "__init__.py").is_file()
