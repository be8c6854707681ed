"""Taking definitions from notebooks, and nothing else."""

from __future__ import annotations

import json

import pytest

from autograder.notebook import NotebookError, source_from_notebook


def notebook(*cells: str | tuple[str, str]) -> bytes:
    made = []
    for cell in cells:
        kind, source = cell if isinstance(cell, tuple) else ("code", cell)
        made.append({"cell_type": kind, "source": source.splitlines(True), "metadata": {}})
    return json.dumps({"cells": made, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}).encode()


def names(source: str) -> set[str]:
    found: dict[str, object] = {}
    exec(source, found)
    return set(found) - {"__builtins__"}


def test_definitions_are_taken_and_calls_are_not() -> None:
    source = source_from_notebook(
        notebook(
            ("markdown", "# def not_code(): pass"),
            "import math\nfrom math import pi as circle",
            "def f(x):\n    return x\nf(1 / 0)\nprint('no')",
            "class A:\n    y = 2\nSCALE = 2 * math.pi\nresult = f(3)",
            "for i in range(3):\n    boom()",
        )
    )
    assert names(source) == {"math", "circle", "f", "A", "SCALE"}


@pytest.mark.parametrize(
    "magic",
    [
        "%matplotlib inline",
        "!rm -rf /",
        "files = !ls",
        "x = %who_ls",
        "f?",
        "??f",
        "%%bash\nrm -rf /",
        "%%writefile dx.py\nwhatever (",
    ],
)
def test_magics_are_left_out(magic: str) -> None:
    assert "f" in names(source_from_notebook(notebook(magic, "%%time\ndef f(): pass")))


def test_magics_inside_functions_keep_the_function() -> None:
    source = source_from_notebook(notebook("def f():\n    %timeit g()\n    return 1"))
    assert names(source) == {"f"}


def test_a_broken_cell_says_its_number() -> None:
    source = source_from_notebook(notebook(("markdown", "text"), "x = 1", "def f(:\n  pass"))
    with pytest.raises(SyntaxError, match=r"cell 3 of the notebook: .*line 1 of the cell"):
        names(source)


@pytest.mark.parametrize(
    "content", [b"", b"not json", b"[]", b'{"cells": 3}', b'{"worksheets": []}', b"\xff\xfe"]
)
def test_what_is_no_notebook_is_refused(content: bytes) -> None:
    with pytest.raises(NotebookError):
        source_from_notebook(content)


def test_a_source_may_be_one_text() -> None:
    content = json.dumps({"cells": [{"cell_type": "code", "source": "def f(): pass"}]}).encode()
    assert names(source_from_notebook(content)) == {"f"}


def test_the_check_of_a_notebook_is_left_out() -> None:
    cells = ["import autograder, numpy as np", "from autograder import check", "import autograder"]
    source = source_from_notebook(notebook(*cells))
    assert "import numpy as np" in source
    assert "autograder" not in source
