"""The site of the course in Chromium, as students use it. Skipped without Chromium and Pyodide;
``make test-web`` brings what it can."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.course.loading import load_course
from tests.support.chromium import CHROMIUM, chromium
from tests.web.runtime import DEFAULT
from tests.web.site import (
    DX,
    MINUTES,
    NO_TRANSPOSE,
    RIGHT,
    ROOT,
    Student,
    Watched,
    release,
    served,
)
from tests.web.verdicts import Table, answers, both

AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium"),
    pytest.mark.skipif(
        not (DEFAULT / "pyodide-lock.json").is_file(),
        reason="there is no Pyodide; make test-web brings it",
    ),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
COURSE = load_course(ROOT)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    release(COURSE, folder, ["linear-layer"])
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of the whole course, which takes a while."""
    folder = tmp_path_factory.mktemp("whole")
    release(COURSE, folder)
    return folder


@pytest.fixture
def whole_address(whole: Path) -> Iterator[str]:
    with served(whole) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def address(folder: Path) -> Iterator[str]:
    with served(folder) as address:
        yield address


def test_a_new_student_without_a_network(folder: Path, browser: Any, tmp_path: Path) -> None:
    with served(folder) as address:
        context = browser.new_context(locale="ko-KR", accept_downloads=True)
        student = Student(context.new_page(), address)
    context.set_offline(True)  # and the server is gone
    shown = student.check(NO_TRANSPOSE)
    assert "Shape을 따져 보세요" in shown  # the hint of missing-transpose
    assert not student.passed
    student.check(RIGHT)
    assert student.passed
    assert "모두 통과했습니다" in student.state
    student.page.fill("#student", "김 학생")
    with student.page.expect_download() as download:
        student.press(".hand-in button")
    assert download.value.suggested_filename == "linear-layer-김-학생.zip"
    assert "확인: 김 학생" in student.page.inner_text(".receipt")
    assert "dW" in student.page.inner_text(".receipt")  # is not begun
    handed_in = tmp_path / "handed-in" / "kim" / "linear-layer"
    handed_in.mkdir(parents=True)
    download.value.save_as(handed_in / "work.zip")
    with zipfile.ZipFile(handed_in / "work.zip") as archive:
        assert json.loads(archive.read("receipt.json"))["student"] == "김 학생"
    assert _points_for_dx(tmp_path) == (20.0, 20.0)
    assert not student.wrong
    context.close()


def _points_for_dx(folder: Path) -> tuple[float, float]:
    command = [sys.executable, "-m", "autograder", "grade", str(folder / "handed-in")]
    command += ["--out", str(folder / "grades"), "--course", str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    grade = json.loads((folder / "grades/kim/linear-layer.json").read_text("utf-8"))
    (dx,) = [one for one in grade["exercises"] if one["name"] == "dx"]
    return dx["score"], dx["max_score"]


def test_the_zip_comes_back(browser: Any, address: str, tmp_path: Path) -> None:
    context = browser.new_context(locale="en-US", accept_downloads=True)
    student = Student(context.new_page(), address)
    student.write(RIGHT)
    with student.page.expect_download() as download:
        student.press(".hand-in button")
    path = tmp_path / "work.zip"
    download.value.save_as(path)
    context.close()
    context = browser.new_context(locale="en-US")
    student = Student(context.new_page(), address)
    student.page.on("dialog", lambda dialog: dialog.accept())
    student.page.set_input_files("#import", path)
    student.page.wait_for_selector("text=Taken from the file")
    student.check()
    assert student.passed
    other = tmp_path / "notes.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("notes.txt", "nothing")
    student.page.set_input_files("#import", other)
    student.page.wait_for_selector("text=nothing in it belongs to an exercise")
    context.close()


def test_every_exercise_can_be_solved(browser: Any, whole_address: str) -> None:
    address = whole_address
    context = browser.new_context(locale="en-US")
    student = Student(context.new_page(), address)
    for assignment in COURSE.assignments.values():
        for exercise in assignment.exercises:
            right = next(one for one in answers(COURSE, exercise) if one[0] == "right")
            student.page.goto(f"{address}#/{assignment.name}/{exercise.name}")
            student.page.wait_for_selector(f"[aria-label='Your code, {exercise.file}']")
            student.check(right[2])
            assert student.passed, exercise.name
    assert student.page.locator(".list .solved").count() == sum(
        len(one.exercises) for one in COURSE.assignments.values()
    )
    assert not student.wrong
    context.close()


def test_known_mistakes_are_told_as_elsewhere(browser: Any, whole: Path) -> None:
    table = Table()
    with both(COURSE, whole, browser) as (page, native):
        for assignment in COURSE.assignments.values():
            for exercise in assignment.exercises:
                given = [one for one in answers(COURSE, exercise) if one[0] == "mistake"]
                table.compare(exercise, given, page, native, COURSE.language)
    assert not table.different
    assert table.same["mistake"] == sum(
        len(exercise.mistakes)
        for assignment in COURSE.assignments.values()
        for exercise in assignment.exercises
    )


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("while True: pass", "Did not return within 2 s"),
        ("import time; time.sleep(10**6)", "Did not return within 2 s"),
        ("return linear_dx(W, dy)", "RecursionError"),
        ("import sys; sys.exit(3)", "SystemExit"),
        ("import os; os._exit(3)", ""),
        ("return [np.empty(1 << 27) for _ in range(9)]", "MiB of memory allowed"),
        ("import os; os.kill(os.getpid(), 9)", ""),
    ],
    ids=["loop", "sleep", "recursion", "exit", "hard exit", "memory", "kill"],
)
def test_whatever_a_function_does_the_next_check_works(
    browser: Any, address: str, body: str, told: str
) -> None:
    context = browser.new_context(locale="en-US")
    student = Student(context.new_page(), address)
    shown = student.check(f"import numpy as np\n\n\ndef linear_dx(W, dy):\n    {body}\n")
    assert told in shown
    assert not student.page.evaluate("document.querySelector('.result').dataset.check") or (
        not student.passed
    )
    student.check(RIGHT)
    assert student.passed
    context.close()


def test_syntax_errors_have_their_place(browser: Any, address: str) -> None:
    context = browser.new_context(locale="en-US")
    student = Student(context.new_page(), address)
    shown = student.check("def linear_dx(W, dy):\n    return W.T @@ dy\n")
    assert "SyntaxError" in shown
    assert "line 2" in shown
    assert "^" in shown
    context.close()


def test_running_shows_what_is_printed(browser: Any, address: str) -> None:
    context = browser.new_context(locale="en-US")
    student = Student(context.new_page(), address)
    student.write(f"{RIGHT}\nprint(linear_dx(np.eye(2), np.ones(2)))\n1 / 0\n")
    student.press(".buttons button:nth-of-type(2)")
    shown = student.page.inner_text(".result")
    assert "[1. 1.]" in shown
    assert "ZeroDivisionError" in shown
    student.write("while True: print('on and on')\n")
    student.press(".buttons button:nth-of-type(2)")
    assert "took too long" in student.state
    student.write("while True: pass\n")
    student.page.click(".buttons button:nth-of-type(2)")
    student.press("text=Stop")
    assert student.state == "Stopped."
    student.check(RIGHT)
    assert student.passed
    context.close()


def test_a_reload_and_the_second_visit_without_a_network(browser: Any, folder: Path) -> None:
    context = browser.new_context(locale="en-US")
    with served(folder) as address:
        student = Student(context.new_page(), address)
        student.check(RIGHT)
        student.write(RIGHT.replace("@", "@  "))
        student.page.reload()
        assert "@   dy" in student.written()
        student.wait()
        student.page.wait_for_function("navigator.serviceWorker.controller !== null")
    context.set_offline(True)
    student.page.reload()
    student.wait()
    assert "@   dy" in student.written()
    student.check()
    assert student.passed
    assert "4/4" in student.page.inner_text(".list")
    context.close()


def test_two_tabs_show_the_same(browser: Any, address: str) -> None:
    context = browser.new_context(locale="en-US")
    one, other = (Student(context.new_page(), address) for _ in range(2))
    one.write(RIGHT)
    other.page.wait_for_selector("text=has changed in another tab")
    assert "W.T @ dy" in other.written()
    one.check()
    other.page.wait_for_selector(".list .solved")
    other.check(NO_TRANSPOSE)
    assert not other.passed
    context.close()


def test_the_language_and_the_stub_change(browser: Any, address: str) -> None:
    context = browser.new_context(locale="en-US")
    student = Student(context.new_page(), address)
    assert "Linear layer, gradient" in student.page.inner_text("h1")
    english = student.written()
    student.page.select_option("[aria-label=Language]", "ko")
    assert student.page.get_attribute("html", "lang") == "ko"
    assert "입력에 대한 gradient" in student.page.inner_text("h1")
    assert student.written() != english  # nothing was written yet
    student.check(NO_TRANSPOSE)
    student.page.select_option("[aria-label=언어]", "en")
    assert "W @ dy" in student.written()  # and now it stays
    context.close()


def test_formulas_are_drawn(browser: Any, whole_address: str) -> None:
    address = whole_address
    page = browser.new_page()
    for assignment in COURSE.assignments.values():
        for exercise in assignment.exercises:
            page.goto(f"{address}#/{assignment.name}/{exercise.name}")
            page.wait_for_selector(f"[aria-label='Your code, {exercise.file}']")
            shown = page.inner_text(".statement")
            assert "$" not in shown, exercise.name
            assert page.locator(".katex-error").count() == 0, exercise.name
            assert page.locator(".statement math").count() > 0, exercise.name
    page.close()


def test_no_page_is_wider_than_a_phone(browser: Any, whole_address: str) -> None:
    address = whole_address
    context = browser.new_context(
        viewport={"width": 360, "height": 700}, has_touch=True, is_mobile=True, locale="ko-KR"
    )
    student = Student(context.new_page(), address)
    student.check(NO_TRANSPOSE)
    for assignment in COURSE.assignments.values():
        for exercise in assignment.exercises:
            student.page.goto(f"{address}#/{assignment.name}/{exercise.name}")
            student.page.wait_for_selector(f"[aria-label='코드 편집기, {exercise.file}']")
            width = student.page.evaluate("document.documentElement.scrollWidth")
            assert width <= 360, exercise.name
    student.page.tap("summary")
    student.page.tap(".list a[href$='/dW']")
    student.page.wait_for_selector("[aria-label='코드 편집기, dW.py']")
    context.close()


def test_the_keyboard_is_enough(browser: Any, address: str) -> None:
    context = browser.new_context(locale="en-US")
    student = Student(context.new_page(), address)
    page = student.page

    def focused(what: str = "textContent") -> str:
        return str(page.evaluate(f"document.activeElement.{what} ?? ''"))

    def tab_to(text: str, what: str = "textContent") -> None:
        for _ in range(80):
            page.keyboard.press("Tab")
            if text in focused(what):
                return
        raise AssertionError(f"Tab never comes to {text}")

    page.keyboard.press("Tab")
    assert focused() == "Skip to the exercise"
    page.keyboard.press("Enter")
    tab_to("Your code", "ariaLabel")
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(RIGHT)
    page.keyboard.press("Tab")  # indents
    assert "Your code" in focused("ariaLabel")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".list .solved", timeout=MINUTES)
    page.keyboard.press("Escape")
    tab_to("Check")
    page.keyboard.press("Enter")
    page.wait_for_selector("button.main:not([disabled])", timeout=MINUTES)
    assert "All public tests passed" in student.state
    context.close()


@pytest.mark.skipif(not AXE.is_file(), reason="there is no axe-core; make test-web brings it")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Any, address: str, scheme: str) -> None:
    context = browser.new_context(color_scheme=scheme, locale="en-US", bypass_csp=True)
    student = Student(context.new_page(), address)
    student.check(NO_TRANSPOSE.replace("return W @ dy", "print(3); return W.T @ dy * 2"))
    student.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    student.page.add_script_tag(path=AXE)
    found = student.page.evaluate("axe.run()")
    assert not [
        (one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found["violations"]
    ]
    context.close()


REACHES = {
    "js": "import js\nfound = [one for one in ('fetch', 'self', 'eval') if hasattr(js, one)]",
    "fetch": "import js\njs.fetch(URL)",
    "pyfetch": "import pyodide.http\npyodide.http.open_url(URL)",
    "run_js": "from pyodide.code import run_js\nrun_js('fetch(\"' + URL + '\")')",
    "constructor": (
        "import pyodide_js\npyodide_js.runPython.constructor('u', 'return fetch(u)')(URL)"
    ),
    "urllib": "import urllib.request\nurllib.request.urlopen(URL)",
    "socket": "import socket\nsocket.create_connection(('127.0.0.1', PORT))",
    "loadPackage": "import pyodide_js\npyodide_js.loadPackage(URL + '.whl')",
}


@pytest.mark.parametrize("way", REACHES)
def test_student_code_reaches_neither_page_nor_network(
    browser: Any, address: str, way: str, tmp_path: Path
) -> None:
    (tmp_path / "found").write_text("found", "utf-8")
    with served(tmp_path, Watched) as elsewhere:
        context = browser.new_context(locale="en-US")
        student = Student(context.new_page(), address)
        source = f"URL = '{elsewhere}found'\nPORT = {elsewhere.split(':')[-1][:-1]}\nfound = []\n"
        lines = "\n".join(f"    {line}" for line in REACHES[way].splitlines())
        source += f"try:\n{lines}\nexcept BaseException as error:\n    print(type(error))\n"
        source += "print('names:', found)\n"
        student.write(source)
        student.press(".buttons button:nth-of-type(2)")
        student.page.wait_for_timeout(500)
        assert "names: []" in student.page.inner_text(".result")
        assert Watched.asked == []
        student.check(RIGHT)
        assert student.passed
        context.close()


def test_the_page_shows_nothing_but_what_a_check_is_made_of(browser: Any, address: str) -> None:
    context = browser.new_context(locale="en-US")
    student = Student(context.new_page(), address)
    attack = (
        "<img src=x onerror=document.title='hurt'><script>document.title='hurt'</script>"
        "<a href=javascript:alert(1)>a</a><div style='position:fixed;color:red'>over</div>"
        "<iframe srcdoc=x></iframe><form action=x><input></form><svg onload=alert(1)></svg>"
    )
    source = (
        f"{RIGHT}\nimport sys\n"
        f"sys.modules['autograder.student.check_html'].report = lambda *_: {attack!r}\n"
    )
    shown = student.check(source)
    assert "over" in shown
    result = student.page.inner_html(".result")
    for word in (
        "<img",
        "<script",
        "<a",
        "href",
        "position",
        "<iframe",
        "<input",
        "<svg",
        "onload",
    ):
        assert word not in result
    assert student.page.title() != "hurt"
    context.close()


def test_from_the_cdn_only_what_has_the_right_hash_is_taken(browser: Any, tmp_path: Path) -> None:
    release(COURSE, tmp_path, ["linear-layer"], "cdn")
    asked = []

    def answer(route: Any) -> None:
        name = route.request.url.rpartition("/")[2]
        asked.append(route.request.url)
        headers = {"Access-Control-Allow-Origin": "*"}
        content = (DEFAULT / name).read_bytes()
        if name.endswith(".whl") and is_damaged:
            content = content[:-1] + b"x"
        route.fulfill(body=content, headers=headers)

    with served(tmp_path) as address:
        is_damaged = False
        context = browser.new_context(locale="en-US", service_workers="block")
        page = context.new_page()
        page.route("https://cdn.jsdelivr.net/**", answer)
        student = Student(page, address)
        student.check(RIGHT)
        assert student.passed
        assert all("@0.27.7/" in one or "/v0.27.7/" in one for one in asked)
        context.close()
        is_damaged = True
        page = browser.new_context(locale="en-US", service_workers="block").new_page()
        page.route("https://cdn.jsdelivr.net/**", answer)
        page.goto(address + DX)
        page.wait_for_selector("text=Python could not be loaded", timeout=MINUTES)
        page.context.close()


def test_the_first_load_is_below_12_megabytes(whole: Path) -> None:
    assert sum(path.stat().st_size for path in whole.rglob("*") if path.is_file()) < 12e6


def test_the_built_pages_are_those_of_the_sources(tmp_path: Path) -> None:
    if not (ROOT / "web" / "node_modules").is_dir():
        pytest.skip("there is no esbuild; make test-web brings it")
    shutil.copytree(ROOT / "web", tmp_path / "web", symlinks=True)
    subprocess.run(["npm", "run", "--silent", "build"], cwd=tmp_path / "web", check=True)
    built = tmp_path / "autograder/release/site/static"
    kept = ROOT / "autograder/release/site/static"
    for path in built.iterdir():
        assert path.read_bytes() == (kept / path.name).read_bytes(), path.name
