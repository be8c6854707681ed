"""Which file counts, and that every file that was handed in is accounted for."""

from __future__ import annotations

import io
import json
import tempfile
import time
import zipfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.submissions.submission import Submission, SubmissionRef, Wanted, read_submission

RIGHT = "import numpy as np\n\n\ndef linear_dx(W, dy):\n    return W.T @ dy\n"
STUB = 'def linear_dx(W, dy):\n    """Return dx."""\n    raise NotImplementedError\n'
BROKEN = "def linear_dx(W, dy:\n    return W.T @ dy\n"
OTHER = "def helper():\n    return 1\n"
WANTED = (
    Wanted("dx", "linear_dx"),
    Wanted("dW", "linear_dW"),
    Wanted("dx_elementwise", "linear_dx_elementwise"),
    Wanted("layer", "Linear"),
)


def notebook(*cells: str) -> str:
    made = [{"cell_type": "code", "source": cell} for cell in cells]
    return json.dumps({"cells": made, "nbformat": 4, "nbformat_minor": 5, "metadata": {}})


def zipped(files: dict[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def read(folder: Path, files: dict[str, str | bytes]) -> Submission:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_submission(SubmissionRef("kim", "linear-layer", folder, wanted=WANTED))


# One file under another name, which is used all the same.
ALONE: dict[str, tuple[str, str | bytes]] = {
    "its own name": ("dx.py", RIGHT),
    "a notebook": ("dx.ipynb", notebook(RIGHT)),
    "the assignment's notebook": ("linear-layer.ipynb", notebook(RIGHT)),
    "a browser's second download": ("dx (1).py", RIGHT),
    "a browser's download of a notebook": ("dx (12).ipynb", notebook(RIGHT)),
    "Jupyter's copy": ("dx-Copy1.ipynb", notebook(RIGHT)),
    "a Mac's copy": ("dx copy 2.py", RIGHT),
    "a Korean copy": ("dx - 복사본 (2).py", RIGHT),
    "Google's copy": ("Copy of dx.ipynb", notebook(RIGHT)),
    "capitals": ("dx.PY", RIGHT),
    "other capitals": ("DX.py", RIGHT),
    "hidden extension": ("dx.py.txt", RIGHT),
    "hidden extension of a notebook": ("dx.ipynb.txt", notebook(RIGHT)),
    "JSON": ("dx.ipynb.json", notebook(RIGHT)),
    "no extension": ("dx", RIGHT),
    "text": ("dx.txt", RIGHT),
    "twice": ("dx.py.py", RIGHT),
    "a student number in front": ("20231234_dx.py", RIGHT),
    "a name behind": ("dx_kim_minsu.py", RIGHT),
    "a version": ("dx_final_v2.py", RIGHT),
    "an untitled notebook": ("Untitled.ipynb", notebook(RIGHT)),
    "a week's notebook": ("week5.ipynb", notebook("x = 1", RIGHT)),
    "a name of one's own": ("my_backward.py", RIGHT),
    "a folder around it": ("hw1/dx.py", RIGHT),
    "two folders around it": ("hw1/src/dx.py", RIGHT),
    "the assignment's folder twice": ("linear-layer/dx.py", RIGHT),
    "a bundle": ("assignments/linear-layer/dx.py", RIGHT),
    "a zip": ("hw1.zip", zipped({"dx.py": RIGHT})),
    "a zip with a folder": ("hw1.zip", zipped({"hw1/dx.py": RIGHT, "__MACOSX/._dx.py": b"\0"})),
    "a zip in a zip": ("a.zip", zipped({"b.zip": zipped({"dx.py": RIGHT})})),
    "a zip with backslashes": ("a.zip", zipped({"hw1\\dx.py": RIGHT})),
    "a notebook called a script": ("dx.py", notebook(RIGHT)),
    "a script called a notebook": ("dx.ipynb", RIGHT),
    "blanks": (" dx .py", RIGHT),
}


@pytest.mark.parametrize("how", ALONE)
def test_the_only_file_of_its_kind_is_used(tmp_path: Path, how: str) -> None:
    name, content = ALONE[how]
    submission = read(tmp_path, {name: content})
    assert "W.T @ dy" in (submission.work["dx"].source or "")
    assert "W.T @ dy" in submission.for_exercise("dx").files["dx.py"]
    assert submission.file_for("dx").startswith(name)
    assert submission.near("dx.py") == []
    (used,) = [one for one in submission.handed_in if one.path == submission.file_for("dx")]
    assert "dx.py" in used.used_as


# Several files, and the one that counts.
BESIDE: dict[str, tuple[dict[str, str | bytes], str]] = {
    "the notebook, the stub is untouched": (
        {"dx.py": STUB, "dx.ipynb": notebook(RIGHT)}, "dx.ipynb"),
    "the notebook, the file is empty": ({"dx.py": "", "dx.ipynb": notebook(RIGHT)}, "dx.ipynb"),
    "the notebook, the file has other things": (
        {"dx.py": OTHER, "dx.ipynb": notebook(RIGHT)}, "dx.ipynb"),
    "the notebook, the file is broken": (
        {"dx.py": BROKEN, "dx.ipynb": notebook(RIGHT)}, "dx.ipynb"),
    "the notebook, the file only passes": (
        {"dx.py": "def linear_dx(W, dy):\n    pass\n", "dx.ipynb": notebook(RIGHT)}, "dx.ipynb"),
    "the file, of two that are written": ({"dx.py": RIGHT, "dx.ipynb": notebook(RIGHT)}, "dx.py"),
    "the file, with a base class": (
        {"dx.py": f"class Layer:\n    def b(self):\n        raise NotImplementedError\n{RIGHT}",
         "dx.ipynb": notebook(STUB)}, "dx.py"),
    "the file, with a helper that is not written": (
        {"dx.py": f"{RIGHT}\ndef later():\n    raise NotImplementedError\n",
         "dx.ipynb": notebook(STUB)}, "dx.py"),
    "the file, with an abstract method": (
        {"dx.py": f"import abc\nclass A(abc.ABC):\n    @abc.abstractmethod\n    def f(self): ...\n"
         f"{RIGHT}", "linear-layer.ipynb": notebook(STUB)}, "dx.py"),
    "the file, defined under a condition": (
        {"dx.py": "if True:\n    def linear_dx(W, dy):\n        return W.T @ dy\n",
         "dx.ipynb": notebook(STUB)}, "dx.py"),
    "the file, a lambda": (
        {"dx.py": "linear_dx = lambda W, dy: W.T @ dy\n", "dx.ipynb": notebook(STUB)}, "dx.py"),
    "the file, imported": (
        {"dx.py": "from mine import linear_dx\n", "mine.py": RIGHT, "dx.ipynb": notebook(STUB)},
        "dx.py"),
    "the notebook's last definition": (
        {"dx.py": STUB, "dx.ipynb": notebook(STUB, RIGHT)}, "dx.ipynb"),
    "the whole assignment's notebook": (
        {"dx.py": STUB, "dx.ipynb": notebook(STUB), "linear-layer.ipynb": notebook(RIGHT)},
        "linear-layer.ipynb"),
    "a copy, beside the untouched stub": ({"dx.py": STUB, "dx (1).py": RIGHT}, "dx (1).py"),
    "the name itself, beside a copy": ({"dx.py": RIGHT, "dx (1).py": f"{RIGHT}#"}, "dx.py"),
    "one of two equal copies": ({"dx (1).py": RIGHT, "dx (2).py": RIGHT}, "dx (1).py"),
    "the file, beside one in a folder": ({"dx.py": RIGHT, "old/dx.py": f"{RIGHT}#"}, "dx.py"),
    "what is broken, beside the untouched notebook": (
        {"dx.py": BROKEN, "dx.ipynb": notebook(STUB)}, "dx.py"),
    "the stub, where there is nothing else": ({"dx.py": STUB, "notes.txt": "hm"}, "dx.py"),
    "the stub, beside a helper": ({"dx.py": STUB, "dx_utils.py": OTHER}, "dx.py"),
    "a file of another exercise, for want of its own": ({"dW.py": RIGHT}, "dW.py"),
}  # fmt: skip


@pytest.mark.parametrize("which", BESIDE)
def test_the_file_that_is_written_counts(tmp_path: Path, which: str) -> None:
    files, counts = BESIDE[which]
    submission = read(tmp_path, files)
    assert submission.file_for("dx") == counts
    assert submission.near("dx.py") == []


# Files of which one is meant, and nothing says which.
DOUBTFUL: dict[str, dict[str, str | bytes]] = {
    "two copies": {"dx (1).py": RIGHT, "dx (2).py": f"{RIGHT}#"},
    "two folders": {"old/dx.py": RIGHT, "new/dx.py": f"{RIGHT}#"},
    "two names": {"mine.py": RIGHT, "other.py": f"{RIGHT}#"},
    "a Mac's copy and Jupyter's": {"dx copy.py": RIGHT, "dx-Copy1.ipynb": notebook(f"{RIGHT}#")},
    "copies beside the stub": {"dx.py": STUB, "dx (1).py": RIGHT, "dx (2).py": f"{RIGHT}#"},
}


@pytest.mark.parametrize("which", DOUBTFUL)
def test_nothing_is_guessed(tmp_path: Path, which: str) -> None:
    submission = read(tmp_path, DOUBTFUL[which])
    assert "dx" not in submission.work
    assert len(submission.near("dx.py")) == 2


def test_a_class_counts_by_its_methods(tmp_path: Path) -> None:
    stub = (
        "class Linear:\n    def forward(self, x):\n        raise NotImplementedError\n"
        "    def backward(self, dy):\n        raise NotImplementedError\n"
    )
    half = stub.replace("raise NotImplementedError", "return x", 1)
    whole = half.replace("raise NotImplementedError", "return dy")
    assert (
        read(tmp_path / "a", {"layer.py": half, "layer.ipynb": notebook(stub)}).file_for("layer")
        == "layer.py"
    )
    assert (
        read(tmp_path / "b", {"layer.py": half, "layer.ipynb": notebook(whole)}).file_for("layer")
        == "layer.ipynb"
    )


# What is not used, and why.
UNUSED: dict[str, tuple[dict[str, str | bytes], str, str]] = {
    "a picture": ({"plot.png": b"\x89PNG"}, "plot.png", "not_code"),
    "a report": ({"report.pdf": b"%PDF"}, "report.pdf", "not_code"),
    "notes": ({"notes.txt": "I did it"}, "notes.txt", "not_code"),
    "a Mac's file": ({".DS_Store": b"\0"}, ".DS_Store", "system"),
    "checkpoints": ({".ipynb_checkpoints/dx-checkpoint.ipynb": notebook(RIGHT)},
                    ".ipynb_checkpoints/", "system"),
    "bytecode": ({"__pycache__/dx.cpython-311.pyc": b"\0"}, "__pycache__/", "system"),
    "the time": ({"timestamp.txt": "2026-12-01 12:00:00 UTC"}, "timestamp.txt", "platform"),
    "a damaged zip": ({"hw.zip": b"PK\x03\x04nonsense"}, "hw.zip", "archive"),
    "an empty zip": ({"hw.zip": zipped({})}, "hw.zip", "unneeded"),
    "another archive": ({"hw.7z": b"7z"}, "hw.7z", "archive_kind"),
    "a damaged notebook": ({"x.ipynb": b'{"cells": ['}, "x.ipynb", "notebook"),
    "an empty notebook": ({"dW.ipynb": b""}, "dW.ipynb", "notebook"),
    "too large": ({"big.py": b"#" * 300_000}, "big.py", "too_large"),
    "not text": ({"x.py": b"\xff\xfe\x00"}, "x.py", "encoding"),
    "an untouched notebook": (
        {"dx.ipynb": notebook(STUB)}, "dx.ipynb", "other_counts"),
}  # fmt: skip


@pytest.mark.parametrize("what", UNUSED)
def test_what_is_not_used_has_a_reason(tmp_path: Path, what: str) -> None:
    files, path, reason = UNUSED[what]
    submission = read(tmp_path, {"dx.py": RIGHT, **files})
    (found,) = [one for one in submission.handed_in if one.path == path]
    assert (found.used_as, found.reason) == ((), reason)
    if path.startswith("dW"):  # it is all there is for its exercise, and what is wrong is said
        assert submission.work["dW"].problem == reason
    assert submission.file_for("dx") == "dx.py"


def test_an_encrypted_zip_is_named(tmp_path: Path) -> None:
    content = bytearray(zipped({"dx.py": RIGHT}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    submission = read(tmp_path, {"hw.zip": bytes(content)})
    reasons = {one.path: one.reason for one in submission.handed_in}
    assert reasons["hw.zip/dx.py"] == "archive_encrypted"
    assert submission.work["dx"].problem == "archive_encrypted"


def test_a_zip_that_swells_is_one_students_problem(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(8):
            archive.writestr(f"big{number}.ipynb", b" " * (15 << 20))
        archive.writestr("dx.py", RIGHT)
    start = time.process_time()
    submission = read(tmp_path, {"bomb.zip": buffer.getvalue(), "dx.py": RIGHT})
    assert time.process_time() - start < 20
    assert submission.file_for("dx") == "dx.py"
    reasons = {one.path: one.reason for one in submission.handed_in}
    assert reasons["bomb.zip/big7.ipynb"] == "archive_too_large"


def test_a_package_of_ones_own_is_taken(tmp_path: Path) -> None:
    submission = read(
        tmp_path,
        {
            "dx.py": f"from mylib.ops import product\n{RIGHT}",
            "mylib/__init__.py": "",
            "mylib/ops.py": "def product(a, b): return a @ b\n",
        },
    )
    files = submission.for_exercise("dx").files
    assert {"mylib/__init__.py", "mylib/ops.py"} <= set(files)
    used = {one.path: one.used_as for one in submission.handed_in}
    assert used["mylib/ops.py"] == ("mylib/ops.py",)


# What Windows, Colab and Kaggle put into a file, and the function does not use.
UNNEEDED = {
    "a plot": "import matplotlib.pyplot as plt\n{}\ndef plot():\n    plt.plot([1])\n",
    "a style": "import matplotlib.pyplot as plt\nplt.style.use('ggplot')\n{}",
    "Colab's drive": "from google.colab import drive\ndrive.mount('/content')\n{}",
    "pandas": "import numpy as np, pandas as pd\n{}\n",
    "a main part": "{}\nif __name__ == '__main__':\n    import torch\n    torch.ones(1)\n",
    "a class for another library": (
        "import torch.nn as nn\nclass Net(nn.Module):\n    pass\nnet = Net()\n{}"
    ),
    "a choice": "try:\n    import seaborn\nexcept ImportError:\n    seaborn = None\n{}",
}


@pytest.mark.parametrize("what", UNNEEDED)
def test_imports_that_nothing_graded_uses_are_dropped(tmp_path: Path, what: str) -> None:
    source = UNNEEDED[what].format(RIGHT)
    kept = read(tmp_path, {"dx.py": source}).work["dx"].source or ""
    namespace: dict[str, object] = {"__name__": "dx"}
    exec(kept, namespace)
    assert "linear_dx" in namespace
    for module in ("matplotlib", "pandas", "colab", "torch", "seaborn"):
        assert f"import {module}" not in kept
    # Every line that is left is where it was.
    for number, line in enumerate(kept.split("\n")):
        assert line in ("", source.split("\n")[number]) or "import numpy" in line


def test_an_import_that_the_function_uses_stays(tmp_path: Path) -> None:
    source = "import torch\ndef linear_dx(W, dy):\n    return torch.tensor(W).T @ dy\n"
    assert read(tmp_path, {"dx.py": source}).work["dx"].source == source


def test_a_helper_keeps_what_its_user_needs(tmp_path: Path) -> None:
    helper = (
        "import numpy as np\nimport matplotlib.pyplot as plt\n"
        "def product(a, b):\n    return np.dot(a, b)\ndef plot():\n    plt.plot()\n"
    )
    own = f"from mine import product\n{RIGHT}"
    files = read(tmp_path, {"dx.py": own, "mine.py": helper}).for_exercise("dx").files
    assert "import numpy" in files["mine.py"]
    assert "matplotlib" not in files["mine.py"]


def test_what_was_read_is_plain_data(tmp_path: Path) -> None:
    submission = read(tmp_path, {"dx (1).py": RIGHT, "a.zip": zipped({"dW.py": OTHER})})
    encoded = msgspec.msgpack.encode(submission)
    assert msgspec.msgpack.decode(encoded, type=Submission) == submission


# Generated folders

NAMES = st.sampled_from(
    ["dx.py", "dx (1).py", "dx-Copy1.ipynb", "dx.PY", "dx.py.txt", "dx", "dx.txt", "hw1.zip",
     "a.zip", "linear-layer.ipynb", "Untitled.ipynb", "week5.ipynb", "helper.py", "dW.py",
     "dx.ipynb", "layer.py", "notes.md", "plot.png", ".DS_Store", "timestamp.txt", "x.7z",
     "김민수.py", "dx - 복사본.py", "__init__.py", "dx_elementwise (2).ipynb", "e.zip", "b.py~"]
)  # fmt: skip
FOLDERS = st.sampled_from(
    ["", "", "", "hw1/", "linear-layer/", "old/", "mylib/", "__MACOSX/", ".git/", "a b/c/"]
)
CONTENTS = st.sampled_from(
    [RIGHT, STUB, BROKEN, OTHER, "", notebook(RIGHT), notebook(STUB), notebook("x ="),
     b"\xff\xfe\x00", b'{"cells": 3}', zipped({"dx.py": RIGHT, "in/dW.py": STUB}),
     zipped({"x/dx.py": RIGHT, "__MACOSX/._dx.py": b"", "p.png": b"\x89"}), b"PK\x03\x04",
     zipped({"deep.zip": zipped({"dx.py": STUB, "n.ipynb": notebook(RIGHT)})}),
     RIGHT.encode("utf-16")]
)  # fmt: skip


def _inside(path: str, content: bytes) -> list[str]:
    """The paths of what a zip holds, where it can be read."""
    if ".zip" not in path or content[:2] != b"PK":
        return []
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except zipfile.BadZipFile:
        return []
    found = []
    for name in archive.namelist():
        found.append(f"{path}/{name}")
        found += _inside(f"{path}/{name}", archive.read(name))
    return found


@settings(max_examples=2000, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(st.tuples(FOLDERS, NAMES).map("".join), CONTENTS, max_size=7))
def test_every_file_is_used_or_not_used_for_a_reason(files: dict[str, str | bytes]) -> None:
    encoded = {
        path: content.encode() if isinstance(content, str) else content
        for path, content in files.items()
    }
    with tempfile.TemporaryDirectory() as name:
        submission = read(Path(name), files)
    entries = [one.path for one in submission.handed_in]
    assert len(entries) == len(set(entries))
    for one in submission.handed_in:
        assert bool(one.used_as) != bool(one.reason), one
    expected = [*encoded, *(inner for path, content in encoded.items()
                            for inner in _inside(path, content))]  # fmt: skip
    for path in expected:
        folders = [f"{path[:at]}/" for at, char in enumerate(path) if char == "/"]
        named = [entry for entry in entries if entry == path or entry in folders]
        assert len(named) == 1, (path, entries)
    # What counts is a file that was handed in, and it says so.
    for exercise, work in submission.work.items():
        (counts,) = [one for one in submission.handed_in if one.path == work.file]
        assert (work.source is None) == (work.problem is not None)
        if work.problem is None:
            assert f"{exercise}.py" in counts.used_as
        else:
            assert counts.reason == work.problem
    assert submission.digest() == submission.digest()
