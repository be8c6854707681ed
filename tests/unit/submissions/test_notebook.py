"""Taking definitions from notebooks, and nothing else."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from autograder.submissions.notebook import (
    NotebookError,
    broken_cell,
    cell_of,
    source_from_notebook,
)
from tests.support.notebooks import notebook


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
    source = source_from_notebook(
        notebook(("markdown", "text"), "import math", "def f(:\n  pass", "def g():\n    return 2")
    )
    found: dict[str, Any] = {}
    exec(source, found)
    assert found["g"]() == 2
    with pytest.raises(SyntaxError) as caught:
        found["f"](1, two=2)
    assert broken_cell(str(caught.value)) == (3, "invalid syntax", 1)
    assert cell_of(source, source[: source.index("raise")].count("\n") + 1) == 3


@pytest.mark.parametrize(
    "cell", ["import numpy as np\n)", "SCALE = = 2", "if True:\n    def f(:\n        pass"]
)
def test_a_broken_cell_of_which_more_cannot_be_told_stops_everything(cell: str) -> None:
    source = source_from_notebook(notebook("def g(): pass", cell))
    with pytest.raises(SyntaxError) as caught:
        names(source)
    found = broken_cell(str(caught.value))
    assert found is not None
    assert found[0] == 2


@pytest.mark.parametrize("cell", ["What is the shape of W?", "$ pip install numpy", "x +"])
def test_a_cell_that_is_no_code_stops_nothing(cell: str) -> None:
    assert names(source_from_notebook(notebook(cell, "def g(): pass"))) == {"g"}


def test_deep_nesting_is_a_broken_cell_too() -> None:
    source = source_from_notebook(notebook("def f(): return " + "(" * 5000 + ")" * 5000))
    found: dict[str, Any] = {}
    exec(source, found)
    with pytest.raises(SyntaxError, match="cell 1 of the notebook"):
        found["f"]()


# Cells, and what the function f in them returns.
VALUES: dict[str, tuple[tuple[str, ...], object]] = {
    "a remainder at the start of a line": (("def f(a=7, b=4):\n    return (a\n    % b)",), 3),
    "such a line beside a magic": (("%time 1\ndef f(a=7):\n    return (a\n% 4)",), 3),
    "texts that look like magics": (
        ("%time 1\ndef f():\n    return \"\"\"\n%time\n!ls\nf?\"\"\"",), "\n%time\n!ls\nf?"
    ),
    "quotes in comments": (("%time 1\ndef f():  # it's\n    return 1\n%time 2",), 1),
    "quotes in texts": (
        ("%time 1\nQ = 'it\\'s \"\"\"'\n%time 2\ndef f(): return Q",), "it's \"\"\""
    ),
    "a magic of several lines": (("!pip install \\\n    numpy \\\n  scipy\ndef f(): return 1",), 1),
    "a line that goes on": (("%time 1\nN = 7 \\\n% 4\ndef f(): return N",), 3),
    "an indented cell": (("    %time 1\n    def f():\n        return 1",), 1),
    "a magic in a function": (("def f():\n    !ls\n    %time 1\n    return 1",), 1),
    "a magic after an empty line": (("\n\n%%time\ndef f(): return 1",), 1),
    "two cell magics": (("%%time\n%%capture\ndef f(): return 1",), 1),
    "line ends of Windows": (("%time 1\r\ndef f():\r\n    return 1\r\n",), 1),
    "other letters": (("def f():\n    기울기 = '가중치'\n    return 기울기",), "가중치"),
    "await": (("await g()\nx = await g()\ndef f(): return 1",), 1),
    "a decorator": (("import functools\n@functools.lru_cache\ndef f():\n    return 1",), 1),
    "a class": (
        ("class A:\n    @property\n    def y(self):\n        return 2", "def f(): return A().y"), 2
    ),
    "a constant of numpy": (
        ("import numpy as np\nEPS = np.sqrt(4)\ndef f(): return float(EPS)",), 2.0
    ),
    "a constant of a constant": (
        ("from math import sqrt\nA = sqrt(16)", "B = 2 * A\ndef f(): return B"), 8.0
    ),
    "a method of an array": (
        ("import numpy as np\nM = np.arange(6).reshape(2, 3)\ndef f(): return M.tolist()",),
        [[0, 1, 2], [3, 4, 5]],
    ),
    "a constant of Python": (("EPS = float('1e-5')\ndef f(): return EPS",), 1e-5),
    "a constant that is changed": (("N = 2\nN *= 3\ndef f(): return N",), 6),
    "a lambda": (("K = 3\nf = lambda: K",), 3),
    "a comprehension": (("S = [i * i for i in range(4)]\ndef f(): return S",), [0, 1, 4, 9]),
    "a choice of imports": (
        ("try:\n    import nowhere_at_all\nexcept ImportError:\n    nowhere_at_all = None",
         "def f(): return nowhere_at_all"), None
    ),
    "a choice of functions": (
        ("FAST = True\nif FAST:\n    def f(): return 1\nelse:\n    def f(): return 2",), 1
    ),
    "an import from the future, late": (
        ("x = 1", "from __future__ import annotations\ndef f(a: nothing = 1): return a"), 1
    ),
    "what depends on something left out": (
        ("loss = run()\nhalf = loss / 2\nloss += 1\nlosses = [loss]\ndef f(): return 1",), 1
    ),
    "a file that is not there here": (
        ("import numpy as np\nX = np.load('x.npy')\ndef f(use=False): return X if use else 1",), 1
    ),
    "what is not used is not computed": (
        ("import numpy as np\nbig = np.ones(1 << 50)\ndef f(): return 1",), 1
    ),
    "a later definition": (("def f(): return 1", "def f(): return 2"), 2),
    "a mended cell": (("def f(:", "def f(): return 2"), 2),
}  # fmt: skip


@pytest.mark.parametrize("what", VALUES)
def test_functions_find_what_they_need(what: str) -> None:
    cells, value = VALUES[what]
    found: dict[str, Any] = {}
    exec(source_from_notebook(notebook(*cells)), found)
    assert found["f"]() == value


@pytest.mark.parametrize(
    "cells",
    [
        ("x = 1\n" * 40_000,),
        ("from __future__ import annotations\n" * 7_000,),
        ("f(" * 50_000,),
        ("'" * 200_000,),
        ("%" * 200_000,),
        ("a, " * 60_000 + "= 1",),
        ("x = y = " * 30_000 + "1",),
        ("if x: pass\n" + "elif x: pass\n" * 15_000,),
        tuple(f"def f{i}(): return X{i}\nX{i} = abs(X{i + 1})" for i in range(4000)),
    ],
)
def test_no_notebook_takes_long(cells: tuple[str, ...]) -> None:
    content = notebook(*cells)
    start = time.process_time()
    sum(number % 7 for number in range(1_000_000))
    yardstick = time.process_time() - start
    start = time.process_time()
    source_from_notebook(content)
    assert time.process_time() - start < 200 * yardstick


def test_outputs_cost_nothing() -> None:
    picture = {"output_type": "display_data", "data": {"image/png": "A" * 15_000_000}}
    source = ["def f():\n", "    return 1"]
    cell: dict[str, Any] = {"cell_type": "code", "id": "a1", "source": source,
            "outputs": [picture], "execution_count": None, "metadata": {}}  # fmt: skip
    content = json.dumps({"cells": [cell], "nbformat": 4, "nbformat_minor": 5, "metadata": {}})
    start = time.process_time()
    json.loads(content)
    parsed = time.process_time()
    assert names(source_from_notebook(content.encode())) == {"f"}
    # Nothing is done with them but to read the file, and that not often.
    assert time.process_time() - parsed < 20 * (parsed - start) + 0.1


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
