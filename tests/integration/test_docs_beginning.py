"""docs/beginning.md, command by command: what it says to type works, and prints what it shows."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.small_course import ROOT

PAGE = (ROOT / "docs" / "beginning.md").read_text("utf-8")
BLOCK = re.compile(r"^```(?P<kind>.*)\n(?P<text>(?s:.*?))^```$", re.MULTILINE)
PARAGRAPH = re.compile(r"^( *)TODO.*\n(?:\1[^ \n].*\n)*|^ *\w\w: \"?TODO.*\n", re.MULTILINE)


class Reader:
    """Somebody who does what the page says, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.printed = ""

    def read(self, kind: str, text: str) -> None:
        word, _, rest = kind.partition(" ")
        if word == "sh":
            self.printed = "".join(self._type(line, rest == "fails") for line in text.splitlines())
        elif word == "text" and rest.startswith("for "):
            name, _, file = rest.removeprefix("for ").partition(" in ")
            self._hint(self.folder / file, name, text)
        elif word == "text" and rest.startswith("in "):
            self._replace(self.folder / rest.removeprefix("in "), text)
        elif word == "text":
            for line in text.splitlines():
                assert " ".join(line.split()) in " ".join(self.printed.split()), self.printed
        else:
            title, _, code = text.partition("\n")
            path = self.folder / title.removeprefix("# ")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(code, "utf-8")

    def _type(self, line: str, fails: bool) -> str:
        words = shlex.split(line)
        if words[0] == "cd":
            self.folder = self.folder / words[1]
            return ""
        assert words[0] == "autograder", line
        done = subprocess.run(
            [sys.executable, "-m", "autograder", *words[1:]],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        )
        assert done.returncode == (1 if fails else 0), (line, done.stdout, done.stderr)
        if words[1] == "init":  # the same hidden inputs, however often this is run
            config = self.folder / words[2] / "config.yaml"
            text = config.read_text("utf-8")
            config.write_text(
                re.sub(r"(?m)^seed: \d+", "seed_is_public: true\nseed: 4815162342", text), "utf-8"
            )
        return done.stdout + done.stderr

    def _hint(self, path: Path, name: str, text: str) -> None:
        """Put the text in the place of a mistake's hint in that language."""
        old = path.read_text("utf-8")
        language = text.split(":")[0]
        hint = rf"(- name: {name}\n(?:(?!  - name).*\n)*?){language}:.*\n(?:        .*\n)*"
        changed, count = re.subn(hint, lambda found: found[1] + text, old)
        assert count == 1, (path, name)
        path.write_text(changed, "utf-8")

    def _replace(self, path: Path, text: str) -> None:
        """Put the text in the place of the first paragraph that is still to be written."""
        changed, count = PARAGRAPH.subn(lambda _: text, path.read_text("utf-8"), count=1)
        assert count == 1, path
        path.write_text(changed, "utf-8")


@pytest.mark.slow
def test_the_page_does_what_it_says(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    blocks = list(BLOCK.finditer(PAGE))
    assert sum(block["kind"].startswith("sh") for block in blocks) >= 7
    for block in blocks:
        reader.read(block["kind"], block["text"])
    assert "TODO" not in (reader.folder / "assignments/first-steps/swish_backward.yaml").read_text()
    grade = (reader.folder / "grades/summary.csv").read_text("utf-8").splitlines()
    assert "16" in grade[1]
