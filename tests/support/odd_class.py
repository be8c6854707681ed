"""A class that hands in a right answer in every way that people do, and some that did not work."""

from __future__ import annotations

import io
import json
import unicodedata
import zipfile
from pathlib import Path

RIGHT = "import numpy as np\n\n\ndef linear_dx(W, dy):\n    return W.T @ dy\n"
STUB = "def linear_dx(W, dy):\n    raise NotImplementedError\n"
LATE = "2026-12-03 09:00:00"


def notebook(*cells: str) -> str:
    made = [{"cell_type": "code", "source": cell, "metadata": {}, "outputs": []} for cell in cells]
    return json.dumps({"cells": made, "nbformat": 4, "nbformat_minor": 5, "metadata": {}})


def zipped(files: dict[str, str], flags: int = 0) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    packed = bytearray(buffer.getvalue())
    if flags:
        for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            packed[packed.index(signature) + offset] |= flags
    return bytes(packed)


def _cells(*cells: str) -> dict[str, str | bytes]:
    return {"linear-layer/dx.ipynb": notebook(*cells)}


NAN = notebook(RIGHT).replace('"outputs": []', '"outputs": [NaN]')

# Files below a student's folder, all of which hold the right answer. The second is part of what is
# said about it, on the terminal or in files.csv; empty where nothing needs to be said.
WORKED: dict[str, tuple[dict[str, str | bytes], str]] = {
    "plain": ({"linear-layer/dx.py": RIGHT}, ""),
    "notebook": (_cells(RIGHT), ""),
    "download": ({"linear-layer/dx (1).py": RIGHT}, "dx (1).py"),
    "jupyter-copy": ({"linear-layer/dx-Copy1.ipynb": notebook(RIGHT)}, "dx-Copy1.ipynb"),
    "upper": ({"linear-layer/dx.PY": RIGHT}, "dx.PY"),
    "text": ({"linear-layer/dx.py.txt": RIGHT}, "dx.py.txt"),
    "no-extension": ({"linear-layer/dx": RIGHT}, "linear-layer,dx,"),
    "zip": ({"linear-layer/hw1.zip": zipped({"hw1/dx.py": RIGHT})}, "hw1.zip"),
    "backslashes": ({"linear-layer/hw1.zip": zipped({"hw1\\dx.py": RIGHT})}, "hw1.zip"),
    "folder": ({"linear-layer/hw1/dx.py": RIGHT}, "hw1/dx.py"),
    "twice": ({"linear-layer/linear-layer/dx.py": RIGHT}, "linear-layer/dx.py"),
    "own-name": ({"linear-layer/HW1_20231234.ipynb": notebook(RIGHT)}, "HW1_20231234.ipynb"),
    "untitled": ({"linear-layer/Untitled.ipynb": notebook("1 + 1", RIGHT)}, "Untitled.ipynb"),
    "week": ({"linear-layer/week5.ipynb": notebook(RIGHT)}, "week5.ipynb"),
    "number-in-name": ({"linear-layer/20231234_dx.py": RIGHT}, "20231234_dx.py"),
    "no-folder": ({"dx.py": RIGHT}, "took dx.py"),
    "near-folder": ({"linear_layer/dx.py": RIGHT}, "took 'linear_layer/'"),
    "other-folder": ({"homework/dx.py": RIGHT}, "took homework/"),
    "zip-no-folder": ({"hw.zip": zipped({"dx.py": RIGHT})}, "took hw.zip"),
    "beside": ({"linear-layer/README.md": "hello", "dx.py": RIGHT}, "../dx.py"),
    "stub-beside": ({"linear-layer/dx.py": STUB, "linear-layer/dx.ipynb": notebook(RIGHT)}, ""),
    "empty-beside": ({"linear-layer/dx.py": "", "linear-layer/dx.ipynb": notebook(RIGHT)}, ""),
    "base-class": (
        {
            "linear-layer/dx.py": "class Layer:\n    def b(self):\n"
            f"        raise NotImplementedError\n\n\n{RIGHT}",
            "linear-layer/dx.ipynb": notebook(STUB),
        },
        "",
    ),
    "notebook-as-script": ({"linear-layer/dx.py": notebook(RIGHT)}, ""),
    "script-as-notebook": ({"linear-layer/dx.ipynb": RIGHT}, ""),
    "nan": ({"linear-layer/dx.ipynb": NAN}, ""),
    "half-emoji": (
        {"linear-layer/dx.ipynb": notebook(RIGHT + "# cut").replace("cut", "\\ud83d")},
        "",
    ),
    "mark": ({"linear-layer/dx.ipynb": b"\xef\xbb\xbf" + notebook(RIGHT).encode()}, ""),
    "nbformat3": (
        {
            "linear-layer/dx.ipynb": json.dumps(
                {"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "input": RIGHT}]}]}
            )
        },
        "",
    ),
    "namedtuple": (
        _cells(
            "from collections import namedtuple\nG = namedtuple('G', 'dx')",
            "def linear_dx(W, dy):\n    return G(W.T @ dy).dx",
        ),
        "",
    ),
    "options": (
        _cells(
            "O = {'a': 0.0}\nO.update(a=1.0)",
            "def linear_dx(W, dy):\n    return O['a'] * (W.T @ dy)",
        ),
        "",
    ),
    "colab": (
        _cells("from google.colab import drive\ndrive.mount('/content')", "!pip install x", RIGHT),
        "",
    ),
    "kaggle": (_cells("import numpy as np\nimport pandas as pd", RIGHT), ""),
    "plots": (
        {
            "linear-layer/dx.py": f"import matplotlib.pyplot as plt\n{RIGHT}\n\n"
            "def plot():\n    plt.plot([1])\n\n\nif __name__ == '__main__':\n    plot()\n"
        },
        "",
    ),
    "reconfigure": (
        {"linear-layer/dx.py": f"import sys\nsys.stdout.reconfigure(encoding='utf-8')\n{RIGHT}"},
        "",
    ),
    "package": (
        {
            "linear-layer/dx.py": "from mylib.ops import product\n\n\n"
            "def linear_dx(W, dy):\n    return product(W.T, dy)\n",
            "linear-layer/mylib/__init__.py": "",
            "linear-layer/mylib/ops.py": "def product(a, b):\n    return a @ b\n",
        },
        "",
    ),
    "relative-package": (
        {
            "linear-layer/dx.py": "import mylib\n\n\n"
            "def linear_dx(W, dy):\n    return mylib.product(W.T, dy)\n",
            "linear-layer/mylib/__init__.py": "from .ops import product\n",
            "linear-layer/mylib/ops.py": "from . import names\n\n\n"
            "def product(a, b):\n    return names.one(a @ b)\n",
            "linear-layer/mylib/names.py": "def one(a):\n    return a\n",
        },
        "",
    ),
    "mac-litter": (
        {"linear-layer/dx.py": RIGHT, "linear-layer/.DS_Store": b"\0", "__MACOSX/._dx.py": b"\0"},
        "",
    ),
    "report": ({"linear-layer/dx.py": RIGHT, "linear-layer/report.pdf": b"%PDF"}, ""),
    "time-kst": (
        {"linear-layer/dx.py": RIGHT, "linear-layer/timestamp.txt": "2026-11-30 09:00:00 KST"},
        "",
    ),
    "time-pdt": (
        {"linear-layer/dx.py": RIGHT, "linear-layer/timestamp.txt": "\ufeff2026-11-30 09:00 PDT"},
        "",
    ),
    "time-ist": (
        {"linear-layer/dx.py": RIGHT, "linear-layer/timestamp.txt": "2026-11-30 09:00:00 IST"},
        "IST (UTC+05:30)",
    ),
    "time-none": (
        {"linear-layer/dx.py": RIGHT, "linear-layer/timestamp.txt": "yesterday"},
        "timestamp.txt says 'yesterday'",
    ),
    "time-year-1": (
        {
            "linear-layer/dx.py": RIGHT,
            "linear-layer/timestamp.txt": "0001-01-01 00:00:00+14:00",
        },
        "0001-01-01",
    ),
}

# Those who did not do the work, or did it in a way that leaves doubt, and what is said of them.
NOT_WORKED: dict[str, tuple[dict[str, str | bytes], str]] = {
    "untouched": ({"linear-layer/dx.py": STUB}, ""),
    "two-copies": (
        {"linear-layer/dx (1).py": RIGHT, "linear-layer/dx (2).py": f"{RIGHT}#"},
        "dx (1).py",
    ),
    "rar": ({"linear-layer/dx.rar": b"Rar!"}, "dx.rar"),
    "encrypted": ({"linear-layer/dx.zip": zipped({"dx.py": RIGHT}, flags=1)}, "dx.zip/dx.py"),
    "damaged": ({"linear-layer/hw.zip": b"PK\x03\x04"}, "hw.zip"),
    "empty-zip": ({"linear-layer/hw.zip": zipped({})}, "hw.zip"),
    "reads-a-file": (
        _cells(
            "S = 1.0\nS = float(open('s.txt').read())",
            "def linear_dx(W, dy):\n    return S * (W.T @ dy)",
        ),
        "",
    ),
    "needs-torch": (
        {
            "linear-layer/dx.py": "import torch\n\n\n"
            "def linear_dx(W, dy):\n    return torch.ones(3)\n"
        },
        "",
    ),
    "deep": ({"linear-layer/dx.py": "x = " + "-" * 50_000 + "1\n" + RIGHT}, ""),
}

EMPTY = ("empty",)


def write_class(folder: Path, size: int) -> dict[str, str]:
    """A class of ``size`` students, everybody in one of these ways; by name, the way."""
    ways = [*WORKED, *NOT_WORKED, *EMPTY]
    found: dict[str, str] = {}
    for number in range(size):
        way = ways[number % len(ways)]
        name = f"{way}-{number:03}"
        if number % 50 == 7:
            name = f"김민수-{name}"
            folder_name = unicodedata.normalize("NFD", name)  # as a Mac writes it
        else:
            folder_name = name
        student = folder / folder_name
        student.mkdir(parents=True)
        found[name] = way
        if way in EMPTY:
            continue
        files, _ = (WORKED | NOT_WORKED)[way]
        for path, content in files.items():
            target = student / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, str):
                content = content.encode()
            target.write_bytes(content)
    return found
