"""What editors say of the files that `autograder new` writes: VS Code and others ask this server,
which finds the schema by the first line of each file. `make yaml-language-server` brings it."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.authoring.new_course import course_files, write_course
from tests.support.small_course import ROOT

SERVER = ROOT / "build" / "yaml-language-server/node_modules/.bin/yaml-language-server"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("node") is None or not SERVER.exists(),
        reason="there is no yaml-language-server; 'make yaml-language-server' brings it",
    ),
]
SECONDS = 60


class Editor:
    """What an editor says and hears: JSON-RPC on the server's standard input and output.

    https://microsoft.github.io/language-server-protocol/
    """

    def __init__(self, root: Path) -> None:
        self.process = subprocess.Popen(
            [str(SERVER), "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.heard: queue.Queue[dict[str, Any]] = queue.Queue()
        self.reader = threading.Thread(target=self._hear, daemon=True)
        self.reader.start()
        self.count = 0
        capabilities = {"workspace": {"configuration": True}, "textDocument": {}}
        self.ask(
            "initialize",
            {"processId": os.getpid(), "rootUri": root.as_uri(), "capabilities": capabilities},
        )
        self.tell("initialized", {})

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()
        self.reader.join()

    def _hear(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        try:
            while line := stream.readline():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
                    while stream.readline().strip():
                        pass
                    self._take(json.loads(stream.read(length)))
        except ValueError:  # closed
            return

    def _take(self, message: dict[str, Any]) -> None:
        if message.get("method") == "workspace/configuration":  # nobody has set anything
            answer = [None for _ in message["params"]["items"]]
            self._send({"id": message["id"], "result": answer})
        elif "method" in message and "id" in message:
            self._send({"id": message["id"], "result": None})
        else:
            self.heard.put(message)

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def tell(self, method: str, params: dict[str, Any]) -> None:
        self._send({"method": method, "params": params})

    def ask(self, method: str, params: dict[str, Any]) -> Any:
        self.count += 1
        self._send({"id": self.count, "method": method, "params": params})
        while True:
            message = self.heard.get(timeout=SECONDS)
            if message.get("id") == self.count:
                assert "error" not in message, message
                return message["result"]

    def open(self, path: Path, text: str) -> list[dict[str, Any]]:
        """What is wrong with the text, which is that of a file as it is being edited."""
        self.count += 1
        uri = path.as_uri()
        self.tell(
            "textDocument/didOpen",
            {
                "textDocument": {
                    "uri": uri, "languageId": "yaml", "version": self.count, "text": text,
                }
            },
        )  # fmt: skip
        while True:
            message = self.heard.get(timeout=SECONDS)
            if message.get("method") == "textDocument/publishDiagnostics":
                params = message["params"]
                if params["uri"] == uri:
                    found: list[dict[str, Any]] = params["diagnostics"]
                    return found

    def completions(self, path: Path, text: str, after: str) -> dict[str, str]:
        """What may stand behind the text ``after``, each with what it means."""
        self.open(path, text)
        before = text[: text.index(after) + len(after)]
        line, character = before.count("\n"), len(before.rpartition("\n")[2])
        found = self.ask(
            "textDocument/completion",
            {
                "textDocument": {"uri": path.as_uri()},
                "position": {"line": line, "character": character},
            },
        )
        items = found["items"] if isinstance(found, dict) else found
        return {one["label"]: str(one.get("documentation") or "") for one in items}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("new") / "course"
    write_course(root, course_files("empty", ["en", "ko"], None))
    made = subprocess.run(
        [
            sys.executable,
            "-m",
            "autograder",
            "new",
            "layers/swish_backward",
            "swish_backward(x, dy) -> dx",
            "--forward",
            "y = x / (1 + np.exp(-x))",
        ],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    return root


@pytest.fixture(scope="module")
def editor(course: Path) -> Iterator[Editor]:
    editor = Editor(course)
    yield editor
    editor.stop()


PUBLIC = "assignments/layers/swish_backward.yaml"
HIDDEN = "tests/hidden/layers/swish_backward.yaml"


@pytest.mark.parametrize("name", [PUBLIC, HIDDEN, "config.yaml"])
def test_nothing_is_wrong_with_new_files(course: Path, editor: Editor, name: str) -> None:
    path = course / name
    assert editor.open(path, path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "word"),
    [
        (PUBLIC, "\narrays:", "\narays:", "arays"),
        (PUBLIC, "\nfunction: swish_backward(x, dy) -> dx", "\nfunction: swish", "pattern"),
        (PUBLIC, "points: ", "points: much ", "Incorrect type"),
        (HIDDEN, "battery: ", "battery: usual # ", "standard"),
        ("config.yaml", "seed: ", "seed: -1 # ", "minimum"),
    ],
)
def test_slips_are_underlined(
    course: Path, editor: Editor, name: str, old: str, new: str, word: str
) -> None:
    path = course / name
    text = path.read_text("utf-8")
    assert old in text
    found = editor.open(path, text.replace(old, new, 1))
    assert found
    assert any(word in one["message"] for one in found), found


def test_keys_are_suggested_with_what_they_mean(course: Path, editor: Editor) -> None:
    path = course / PUBLIC
    text = path.read_text("utf-8") + "\n"
    keys = editor.completions(path, text.replace("\narrays:", "\nau\narrays:", 1), "\nau")
    assert "auxiliary" in keys
    assert "forward pass needs" in keys["auxiliary"]
    answers = editor.completions(path, text.replace("\narrays:", "\nans\narrays:", 1), "\nans")
    assert "answers" in answers
