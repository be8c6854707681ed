"""The command line speaks the course's language, and any that there is a catalogue of."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from autograder.cli import COMMANDS
from tests.support.small_course import copy_course

ROOT = Path(__file__).parents[2]
GOOD = ROOT / "tests" / "courses" / "good"
LATIN_WORD = re.compile(r"\b[a-z]{3,}\b")


def run(
    *arguments: str, cwd: Path, package: Path = ROOT, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(package), "COLUMNS": "100"}
    code = "from autograder.__main__ import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        env=environment,
        input=stdin,
        capture_output=True,
        encoding="utf-8",
    )


def korean_course(folder: Path) -> Path:
    course = folder / "course"
    copy_course(GOOD, course)
    config = (course / "config.yaml").read_text("utf-8")
    config = re.sub(r"^languages?:.*\n", "", config, flags=re.MULTILINE)
    (course / "config.yaml").write_text(f"languages: [ko, en]\n{config}", "utf-8")
    return course


def test_a_command_that_is_not_there_suggests_the_one_that_was_meant() -> None:
    done = run("gradee", cwd=ROOT)
    assert done.returncode == 2
    assert "did you mean 'grade'?" in done.stderr
    assert "Usage" in run(cwd=ROOT).stderr  # with no command at all
    done = run("zzz", cwd=ROOT)
    assert done.returncode == 2
    assert "there are check, next, submit, grade" in done.stderr


@pytest.mark.parametrize(
    ("words", "suggested"),
    [("autograder gr", {"grade", "gradescope"}), ("autograder export --to ca", {"canvas"})],
)
def test_a_shell_completes_commands_and_values(words: str, suggested: set[str]) -> None:
    environment = {
        **os.environ,
        "_AUTOGRADER_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-m", "autograder"], env=environment, capture_output=True, text=True
    )
    assert {line.partition(",")[2] for line in done.stdout.splitlines()} == suggested
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--help",), "공개 테스트를 실행합니다"),
        (("check", "--help"), "옵션"),
        (("chekc",), "혹시 'check' 아닌가요?"),
        (("check", "--wach"), "그런 옵션이 없습니다"),
        (("grade", "x"), "옵션이 빠졌습니다"),
        (("grade", "x", "--out", "y", "--jobs", "many"), "올바른 숫자"),
        (("check", "nothing-here"), "오류: nothing-here: 그런 파일이나 문제, 과제가 없습니다"),
        (("grade", ".", "--out", "x"), "오류: .: 강의 폴더입니다"),
        (("export", ".", "--to", "csv", "--roster", "x"), "오류: --roster는"),
        (("release", "linear-layr", "x"), "오류: "),
        (("pack", "linear-layer", "--out", "x.tar.gz"), "비밀로 하세요"),
    ],
)
def test_it_speaks_the_course_s_language(
    arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    done = run(*arguments, cwd=korean_course(tmp_path))
    assert said in done.stdout + done.stderr


@pytest.mark.parametrize("lang", [("--lang", "ko"), ("--lang=ko",)])
def test_an_option_outranks_the_course(lang: tuple[str, ...]) -> None:
    assert "사용법" in run("check", *lang, "--help", cwd=ROOT).stdout


@pytest.fixture(scope="module")
def third(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with one catalogue more, made by a rule: every word in brackets."""
    root = tmp_path_factory.mktemp("package")
    shutil.copytree(ROOT / "autograder", root / "autograder")
    catalogues = root / "autograder" / "text" / "catalogues"
    source = (catalogues / "en.toml").read_text("utf-8")
    messages = tomllib.loads(source)

    def marked(text: str) -> str:
        pieces = re.split(r"(\{[^}]*\})", text)
        return "".join(
            piece if piece.startswith("{") else re.sub(r"[^\W\d_]", "ж", piece) for piece in pieces
        )

    def written(key: str, value: object) -> str:
        quoted = '"' + key + '"'
        if isinstance(value, list):
            return f"{quoted} = [{', '.join(basic(marked(one)) for one in value)}]"
        return f"{quoted} = {basic(marked(str(value)))}"

    def basic(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'

    plural, click = messages.pop("plural"), messages.pop("click")
    lines = [f'plural = "{plural}"', *(written(*one) for one in messages.items())]
    lines += ["[click]", *(written(*one) for one in click.items())]
    (catalogues / "xx.toml").write_text("\n".join(lines) + "\n", "utf-8")
    return root


def test_a_third_catalogue_is_used_for_help_check_and_grade(third: Path, tmp_path: Path) -> None:
    course = tmp_path / "course"
    copy_course(GOOD, course)
    config = (course / "config.yaml").read_text("utf-8")
    config = re.sub(r"^languages?:.*\n", "", config, flags=re.MULTILINE)
    (course / "config.yaml").write_text(f"languages: [xx, en, ko]\n{config}", "utf-8")
    for path in course.rglob("*.yaml"):
        content = re.sub(r"\bko: ", "xx: ж, ko: ", path.read_text("utf-8"))
        content = content.replace("  xx: ж, ko:", "  xx: ж\n  ko:")
        path.write_text(content, "utf-8")
    helped = run("--help", cwd=course, package=third).stdout
    assert "жжж" in helped
    assert set(LATIN_WORD.findall(helped)) <= {*COMMANDS, "autograder", "version", "help"}
    shown = run("check", cwd=course, package=third).stdout
    assert "ж" in shown
    work = tmp_path / "submissions" / "ada" / "linear-layer"
    work.mkdir(parents=True)
    (work / "dx.py").write_text("def linear_dx(W, dy):\n    return 2 * dy @ W\n")
    out = tmp_path / "grades"
    done = run("grade", str(tmp_path / "submissions"), "--out", str(out), cwd=course, package=third)
    assert done.returncode == 0, done.stderr
    assert not {"graded", "elements", "are", "wrong"} & set(LATIN_WORD.findall(done.stdout))
    grade = (out / "ada" / "linear-layer.json").read_text("utf-8")
    assert '"language": "xx"' in grade
    assert "elements" not in grade
    exported = run("export", str(out), "--to", "markdown", cwd=course, package=third).stdout
    assert "elements" not in exported
    assert "Student" not in exported
    empty = tmp_path / "empty"
    (empty / "kim").mkdir(parents=True)
    for arguments in (
        ("grade", str(empty), "--out", str(out)),
        ("grade", str(empty / "gone"), "--out", str(out)),
        ("grade", str(empty), "--layout", "auto", "--out", str(out)),
        ("check", "dz"),
        ("check", "none.ipynb"),
        ("grade", ".", "--out", "x"),
        ("export", str(out), "--to", "csv", "--student", "eve"),
        ("lint", "none"),
    ):
        done = run(*arguments, cwd=course, package=third)
        assert done.returncode == 2
        words = set(LATIN_WORD.findall(done.stderr))
        english = {
            "error",
            "such",
            "there",
            "course",
            "folder",
            "did",
            "the",
            "saw",
            "give",
            "submissions",
        }
        assert words & english == set(), done.stderr
