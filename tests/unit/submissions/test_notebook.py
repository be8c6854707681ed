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
    extract,
    parse_notebook,
    place_of,
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


# What a function needs, taken from cells by its name alone, and what comes out of it.
NEEDED: dict[str, tuple[tuple[str, ...], object]] = {
    "a namedtuple": (
        ("from collections import namedtuple\nG = namedtuple('G', 'dx')",
         "def f(): return G(3).dx"), 3
    ),
    "a partial": (
        ("from functools import partial\nimport numpy as np\nm = partial(np.add, 2)",
         "def f(): return int(m(1))"), 3
    ),
    "a lambda that calls": (("g = lambda x: abs(x)\nf = lambda: g(-3)",), 3),
    "an object of one's own": (
        ("class C:\n    def __init__(self): self.a = 3", "c = C()", "def f(): return c.a"), 3
    ),
    "a dataclass": (
        ("from dataclasses import dataclass\n@dataclass\nclass C:\n    a: int = 3\nc = C()",
         "def f(): return c.a"), 3
    ),
    "an enumeration": (
        ("from enum import Enum\nclass E(Enum):\n    A = 3\nM = {E.A: E.A.value}",
         "def f(): return M[E.A]"), 3
    ),
    "a logger": (
        ("import logging\nlog = logging.getLogger(__name__)\nlog.setLevel(10)",
         "def f():\n    log.debug('x')\n    return 3"), 3
    ),
    "a dictionary filled later": (("O = {'a': 0}\nO.update(a=3)", "def f(): return O['a']"), 3),
    "an element stored later": (("O = {}", "O['a'] = 3", "def f(): return O['a']"), 3),
    "an attribute stored later": (
        ("class C: pass\nc = C()\nc.a = 3", "def f(): return c.a"), 3
    ),
    "a list filled in a loop": (
        ("L = []\nfor i in range(3):\n    L.append(i)", "def f(): return sum(L)"), 3
    ),
    "a loop that counts": (("n = 0\nfor i in range(3):\n    n += 1", "def f(): return n"), 3),
    "a while loop": (("n = 1\nwhile n < 3:\n    n += 1", "def f(): return n"), 3),
    "a function under with": (
        ("import numpy as np\nwith np.errstate(all='ignore'):\n    def f(): return 3",), 3
    ),
    "a function under try": (("try:\n    def f(): return 3\nexcept ValueError:\n    pass",), 3),
    "a function under main": (("if __name__ == '__main__':\n    def f():\n        return 3",), 3),
    "a constant under main": (
        ("if __name__ == '__main__':\n    A = 3\n    print(A)", "def f(): return A"), 3
    ),
    "a global set by a function": (
        ("def init():\n    global W\n    W = 3\ninit()", "def f(): return W"), 3
    ),
    "an argument that a function changes": (
        ("def init(p):\n    p['a'] = 3\nP = {}\ninit(P)", "def f(): return P['a']"), 3
    ),
    "a decorated function": (
        ("def twice(g):\n    return lambda: 2 * g()", "@twice\ndef f(): return 1.5"), 3.0
    ),
    "a function wrapped later": (
        ("def twice(g):\n    return lambda: 2 * g()", "def f(): return 1.5", "f = twice(f)"), 3.0
    ),
    "a computed table": (("T = [i * i for i in range(3)]", "def f(): return T[1] + 2"), 3),
    "the last of several values": (("A = 1", "A = 3", "def f(): return A"), 3),
    "the value that another was made of": (
        ("A = 3\nB = A", "A = 5", "def f(): return B"), 3
    ),
    "a walrus": (("assert (n := 3) > 1", "def f(): return n"), 3),
    "unpacking": (("(a, *b), c = (1, 2), 0", "def f(): return a + sum(b)"), 3),
    "match": (("match 3:\n    case k:\n        pass", "def f(): return k"), 3),
    "del": (("A = 1\ndel A\nA = 3", "def f(): return A"), 3),
    "eval": (("A = 3", "def f(): return eval('A')"), 3),
    "globals": (("A = 3", "def f(): return globals()['A']"), 3),
    "a name used in a comprehension": (("A = 3", "def f(): return [A for _ in '1'][0]"), 3),
    "a parameter called as a global": (
        ("W = 1", "for _ in range(3):\n    W = nothing()", "def f(W=3): return W"), 3
    ),
    "a star": (("from math import *", "def f(): return int(sqrt(9))"), 3),
    "statements on a line": (("A = 1; import matplotlib; B = 2", "def f(): return A + B"), 3),
    "a seed and numbers": (
        ("import numpy as np\nr = np.random.default_rng(0)\nA = r.integers(3, 4)",
         "def f(): return int(A)"), 3
    ),
    "a regular expression": (
        ("import re\nP = re.compile('(3)')", "def f(): return int(P.match('3')[1])"), 3
    ),
    "environment variables": (
        ("import os\nA = int(os.environ.get('NO_SUCH', 3))", "def f(): return A"), 3
    ),
    "plots, downloads and checks around it": (
        ("from google.colab import drive\ndrive.mount('/x')", "!pip install x",
         "import matplotlib.pyplot as plt\nplt.style.use('x')", "A = 3",
         "def plot():\n    plt.plot([A])", "def f(): return A", "plot()\nassert f() == 4"), 3
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", NEEDED)
def test_what_a_function_needs_is_taken(what: str) -> None:
    cells, value = NEEDED[what]
    found: dict[str, Any] = {"__name__": "__main__"}
    extracted = extract(parse_notebook(notebook(*cells)), ["f"])
    exec(extracted.source, found)
    assert found["f"]() == value
    assert extracted.left_out == ()


# What cannot be run again: the reason, and the place that is named.
LEFT_OUT: dict[str, tuple[tuple[str, ...], str, int, int]] = {
    "a file": (("A = open('a').read()", "def f(): return A"), "file", 1, 1),
    "numpy's file": (
        ("import numpy as np\n\nA = np.load('a.npy')", "def f(): return A"), "file", 1, 3),
    "a path": (
        ("from pathlib import Path", "A = Path('a').read_text()", "def f(): return A"),
        "file", 2, 1),
    "a file, in a function": (
        ("def load():\n    return open('a').read()", "A = load()", "def f(): return A"),
        "file", 2, 1),
    "a question": (("A = input()", "def f(): return A"), "input", 1, 1),
    "another library": (
        ("import pandas as pd\nA = pd.DataFrame()", "def f(): return A"), "library", 1, 2),
    "a download": (
        ("import requests\nA = requests.get('x')", "def f(): return A"), "library", 1, 2),
    "a program": (
        ("import subprocess\nA = subprocess.run('x')", "def f(): return A"), "leaves", 1, 2),
    "await": (("A = await g()", "def f(): return A"), "await", 1, 1),
    "a cell that was deleted": (("A = B + 1", "def f(): return A"), "undefined", 1, 1),
    "a value that was there before": (
        ("A = 1", "A = float(open('a').read())", "def f(): return A"), "file", 2, 1),
    "a change to what was there before": (
        ("A = {'x': 1}", "A.update(y=open('a').read())", "def f(): return A['x']"), "file", 2, 1),
    "what comes of it": (
        ("A = open('a').read()\nB = len(A)", "def f(): return B"), "file", 1, 1),
}  # fmt: skip


@pytest.mark.parametrize("what", LEFT_OUT)
def test_what_is_left_out_is_named_and_no_other_value_is_used(what: str) -> None:
    cells, reason, cell, line = LEFT_OUT[what]
    found: dict[str, Any] = {"__name__": "__main__"}
    extracted = extract(parse_notebook(notebook(*cells)), ["f"])
    exec(extracted.source, found)
    first = extracted.left_out[0]
    assert (first.reason, first.cell, first.line) == (reason, cell, line)
    assert first.code
    with pytest.raises(NameError):
        found["f"]()


def test_lines_are_those_of_the_cell() -> None:
    cells = ("import numpy as np\n\n# a remark\n%time 1\ndef g():\n    return 1\n",
             "x = 1\nprint(x)\n\n\ndef f():\n    y = g()\n    return y / 0\n")  # fmt: skip
    source = source_from_notebook(notebook(*cells), ["f"])
    lines = source.split("\n")
    line = next(number for number, text in enumerate(lines, 1) if "y / 0" in text)
    assert place_of(source, line) == (2, 7)
    line = next(number for number, text in enumerate(lines, 1) if "return 1" in text)
    assert place_of(source, line) == (1, 6)
    assert place_of("def f():\n    pass\n", 1) is None


def test_a_comment_of_a_student_is_no_mark_of_ours() -> None:
    source = source_from_notebook(notebook("def f():\n# cell 99\n    return 1"), ["f"])
    assert place_of(source, source[: source.index("return")].count("\n") + 1) == (1, 3)


def test_a_file_that_is_run_gives_its_names() -> None:
    cells = ("%run helpers.py", "def f(): return scale")
    source = extract(parse_notebook(notebook(*cells)), ["f"], frozenset({"helpers"})).source
    assert "from helpers import *" in source
    cells = ("%run ../secret/other.py", "def f(): return 1")
    assert "other" not in extract(parse_notebook(notebook(*cells)), ["f"]).source


def test_cells_that_write_files_are_files() -> None:
    program = parse_notebook(
        notebook("%%writefile h.py\nA = 1\n", "%%writefile -a h.py\nB = 2\n", "%%file ../x.py\n1")
    )
    assert program.files == {"h.py": "A = 1\nB = 2\n"}


# Notebooks as other programs write them.
FORMS: dict[str, bytes] = {
    "NaN in an output": notebook("def f(): return 1").replace(
        b'"metadata": {}', b'"outputs": [{"x": NaN}], "metadata": {"y": [Infinity, -Infinity]}', 1
    ),
    "half an emoji": notebook(("markdown", "cut"), "def f(): return 1").replace(
        b'"cut"', b'"\\ud83d cut"'
    ),
    "half an emoji in the code": notebook("def f(): return 1  # cut").replace(b"cut", b"\\ud83d"),
    "a byte order mark": b"\xef\xbb\xbf" + notebook("def f(): return 1"),
    "nbformat 3": json.dumps(
        {"nbformat": 3, "worksheets": [{"cells": [
            {"cell_type": "code", "language": "python", "input": ["def f():\n", "    return 1"]}
        ]}]}
    ).encode(),
    "bytes that are not UTF-8 in an output": notebook("def f(): return 1").replace(
        b'"metadata": {}', b'"outputs": ["\xff"], "metadata": {}', 1
    ),
    "huge numbers": notebook("def f(): return 1").replace(
        b'"metadata": {}', b'"x": ' + b"9" * 5000 + b', "y": NaN, "metadata": {}', 1
    ),
    "blanks in front": b"\n\n  " + notebook("def f(): return 1"),
    "control characters": notebook("def f(): return 1").replace(
        b'"metadata": {}', b'"outputs": ["\\u0000\\u001b[0m"], "metadata": {}', 1
    ),
    "keys twice": notebook("def f(): return 1").replace(
        b'"metadata": {}', b'"metadata": {}, "metadata": {}', 1
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_notebook_is_read_as_python_reads_it(form: str) -> None:
    found: dict[str, Any] = {}
    exec(source_from_notebook(FORMS[form], ["f"]), found)
    assert found["f"]() == 1


def test_several_exercises_of_a_large_notebook_take_no_longer_together() -> None:
    cells = [f"def f{i}(x):\n    return x + K{i}\nK{i} = abs({i})" for i in range(600)]
    start = time.process_time()
    program = parse_notebook(notebook(*cells))
    for number in range(0, 600, 60):
        source = extract(program, [f"f{number}"]).source
        assert names(source) == {f"f{number}", f"K{number}"}
    assert time.process_time() - start < 10
