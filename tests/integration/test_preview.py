"""The page that follows an exercise: who may see it, and what it shows after each save."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.authoring.preview import HOST, Preview, serve
from autograder.authoring.preview_page import array, findings
from autograder.cli.preview import _student_file
from tests.support.small_course import COURSE, ROOT, copy_course

KEY = "linear-layer/dx"


class Page:
    """A preview that is served and worked on in a thread of its own."""

    def __init__(self, root: Path) -> None:
        self.preview = Preview(root, _student_file)
        self.preview.load()
        self._over = threading.Event()
        self.server, self.address = serve(self.preview)
        self._work = threading.Thread(target=self.preview.follow, args=(self._over.is_set,))
        self._work.start()

    def stop(self) -> None:
        self._over.set()
        self._work.join()
        self.server.shutdown()
        self.server.server_close()

    def get(self, path: str = "", **headers: str) -> tuple[int, str, Any]:
        request = urllib.request.Request(self.address + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode(), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(), error.headers

    def done(self, since: int = 0, said: str = "") -> tuple[int, str]:
        """The version and the HTML once everything after ``since`` is there, and ``said`` in it:
        a file may be seen while it is being written."""
        while True:
            _, body, _ = self.get(f"{KEY}?since={since}")
            shown = json.loads(body)
            if shown is None:
                continue
            since = shown["version"]
            if shown["is_done"] and said in shown["html"]:
                return since, shown["html"]


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    page = Page(copy_course(COURSE, tmp_path / "course"))
    yield page
    page.stop()


def test_the_page_follows_every_save(page: Page) -> None:
    version, html = page.done()
    root = page.preview.root
    for part in ("nothing is wrong", "Statement", "Stub", "Tests", "Mistakes", "loses", "±"):
        assert part in html, part
    hidden = root / "tests" / "hidden" / "linear-layer" / "dx.yaml"
    text = hidden.read_text("utf-8")
    assert "outputs:" in text
    # A mistake that makes none is named where it is written.
    hidden.write_text(re.sub(r"outputs: \{dx: .*\}", "outputs: {dx: dx}", text, count=1), "utf-8")
    version, html = page.done(version, "loses no points in the hidden tests")
    # What cannot be read is shown at its line, above what was read before.
    public = root / "assignments" / "linear-layer" / "dx.yaml"
    good = public.read_text("utf-8")
    public.write_text(good.replace("forward: y = W @ x", "forward: y = W @ z"), "utf-8")
    version, html = page.done(version, "<mark>")
    assert re.search(r"<code>assignments/linear-layer/dx\.yaml:\d+:\d+</code>", html)
    assert re.search(r"<mark>.*forward: y = W @ z</mark>", html)
    assert "Below is what was read before." in html
    assert "Statement" in html
    public.write_text(good, "utf-8")
    hidden.write_text(text, "utf-8")
    version, html = page.done(version, "nothing is wrong")
    # A solution that does not run ends nothing.
    solution = root / "solutions" / "linear-layer" / "dx.py"
    solution.write_text("def linear_dx(W, dy):\n    return W.T @ nothing\n", "utf-8")
    page.done(version, "nothing&#x27; is not defined")


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {}),
        ("/wrong-token/", {}),
        ("/wrong-token/linear-layer/dx?since=0", {}),
        (None, {"Host": "autograder.example"}),
        (None, {"Host": "localhost:80"}),
    ],
)
def test_without_the_token_or_from_elsewhere_nothing_is_told(
    page: Page, path: str | None, headers: dict[str, str]
) -> None:
    address = page.address
    if path is not None:
        page.address = f"http://{HOST}:{page.preview.port}"
    status, body, _ = page.get(path or "", **headers)
    page.address = address
    assert (status, body) == (403, "no access\n")


def test_the_page_allows_nothing_from_elsewhere(page: Page) -> None:
    status, body, headers = page.get(KEY)
    assert status == 200
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    nonce = re.search(r"script-src 'nonce-([\w-]+)'", policy)
    assert nonce is not None
    assert f'<script nonce="{nonce[1]}">' in body
    assert page.get(KEY)[2]["Content-Security-Policy"] != policy
    assert headers["Referrer-Policy"] == "no-referrer"
    assert page.server.server_address[0] == "127.0.0.1"


def test_the_first_page_lists_exercises(page: Page) -> None:
    status, body, _ = page.get()
    assert status == 200
    assert f'href="{KEY}"' in body


@pytest.mark.parametrize(
    "path",
    ["linear-layer/dy", "../config.yaml", "linear-layer/../../config.yaml", "linear-layer/no.png",
     "../solutions/linear-layer/dx.py", "..%2Fsolutions%2Fsecret.png"],
)  # fmt: skip
def test_no_other_file_is_served(page: Page, path: str) -> None:
    (page.preview.root / "solutions" / "secret.png").write_bytes(b"secret")
    assert page.get(path)[0] == 404


def test_a_picture_of_a_statement_is_served(page: Page) -> None:
    (page.preview.root / "assignments" / "linear-layer" / "layer.svg").write_text("<svg/>")
    status, body, headers = page.get("linear-layer/layer.svg")
    assert (status, body, headers["Content-Type"]) == (200, "<svg/>", "image/svg+xml")


def test_text_of_authors_is_no_html() -> None:
    said = ["a.yaml:1:1: '<script>alert(1)</script>'", "<img src=x>"]
    html = findings(Path("nowhere"), said, checked=True)
    assert "<script>" not in html
    assert "<img" not in html
    assert "<b>" not in array("<b>", np.zeros((2, 2)))


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (20, 30), (2, 3, 4), (1, 0)])
def test_arrays_of_any_shape(shape: tuple[int, ...]) -> None:
    off = np.ones(shape, bool)
    html = array("x", np.full(shape, 0.5), off if shape else None)
    assert html.count("<td") <= 6 * 9 + 1
    assert html.count("<div") == html.count("</div>")


def test_the_command_says_where_and_ends_with_ctrl_c() -> None:
    command = [sys.executable, "-m", "autograder", "preview", "dx", "--course", str(COURSE)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{20,}/linear-layer/dx\n", line)
