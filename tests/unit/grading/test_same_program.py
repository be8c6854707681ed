"""Which files are the same program, and of which one cannot know."""

from __future__ import annotations

import pytest

from autograder.grading.same_program import MAX_LENGTH, program_in

PLAIN = """
import numpy as np

def dW(x, dy):
    m, n = len(dy), len(x)
    found = np.zeros((m, n))
    for i in range(m):
        for j in range(n):
            found[i, j] += dy[i] * x[j]
    return found
"""

SAME = {
    "comments": PLAIN.replace("found = ", "# by Ada\n    found = "),
    "blank lines and spaces": PLAIN.replace("\n    for", "\n\n    for").replace(" * ", "*"),
    "tabs": PLAIN.replace("    ", "\t"),
    "brackets": PLAIN.replace("dy[i] * x[j]", "(dy[i] * (x[j]))"),
    "a comment within a line": PLAIN.replace("len(dy), ", "len(dy),  # rows\\\n").replace(
        "# rows\\\n", ""
    ),
}
OTHER = {
    "a number": PLAIN.replace("len(x)", "len(x) + 0"),
    "an operator": PLAIN.replace("+=", "-="),
    "the order of a product": PLAIN.replace("dy[i] * x[j]", "x[j] * dy[i]"),
    "the name of an argument": PLAIN.replace("x", "X"),
    "the order of arguments": PLAIN.replace("(x, dy)", "(dy, x)"),
    "a default": PLAIN.replace("(x, dy)", "(x, dy=1)"),
    "the name of the function": PLAIN.replace("def dW", "def dw"),
    "another function of numpy": PLAIN.replace("np.zeros", "np.ones"),
    "a docstring": PLAIN.replace("    m, n", '    "A docstring."\n    m, n'),
    "0.0 for -0.0": PLAIN.replace("found[i, j] +=", "found[i, j] += -0.0 +"),
    "True for 1": PLAIN.replace("range(m)", "range(m * True)"),
    "1 for True": PLAIN.replace("range(m)", "range(m * 1)"),
    "1.0 for True": PLAIN.replace("range(m)", "range(int(m * 1.0))"),
    "names of local variables": PLAIN.replace("found", "dW_"),
    # Efficiency tests count lines.
    "a line that goes on": PLAIN.replace("zeros((m, n))", "zeros(\n        (m, n))"),
    "two statements on a line": PLAIN.replace("\n    return", "; i = 0\n    return"),
    "a loop on a line": PLAIN.replace("for j in range(n):\n            ", "for j in range(n): "),
    "something besides": PLAIN + "\nhanded_in_by = 3\n",
}
UNKNOWN = {
    "its text": "import inspect\ndef f(x): return inspect.getsource(f)",
    "its file": "def f(x): return open(__file__).read()",
    "its file by numpy": "import numpy as np\ndef f(x): return np.fromfile('dW.py')",
    "its lines": "def f(x): return f.__code__.co_firstlineno",
    "the lines of a generator": "g = (i for i in [1])\ndef f(x): return g.gi_frame.f_lineno",
    "the names of its variables": "def f(x): return list(locals())",
    "all names": "def f(x): return list(globals())",
    "names by text": "def f(x): return getattr(f, '__code__')",
    "text that is run": "def f(x): return eval('x')",
    "an import by text": "def f(x): return __import__('os')",
    "chance": "import numpy as np\ndef f(x): return x + np.random.rand()",
    "chance by another name": "from numpy import random\ndef f(x): return x + random.rand()",
    "chance by import": "import numpy.random as r\ndef f(x): return x + r.rand()",
    "the standard library": "import random\ndef f(x): return random.random()",
    "how a set is ordered": "class A: pass\ndef f(x): return list({A(), A()})[0]",
    "the same as it grows": "class A: pass\ndef f(x): return {A() for _ in x}",
    "the same by its name": "class A: pass\ndef f(x): return frozenset((A(), A()))",
    "how much memory there is": "def f(x):\n try: return x * 9\n except MemoryError: return x",
    "the same among others": "def f(x):\n try: return x\n except (TypeError, Exception): return 1",
    "the same among all": "def f(x):\n try: return x * 9\n except: return x",
    "the clock": "import time\ndef f(x): return time.time()",
    "the clock of numpy": "import numpy as np\ndef f(x): return np.datetime64('now')",
    "memory not written to": "import numpy as np\ndef f(x): return np.empty(3)",
    "the same like another": "import numpy as np\ndef f(x): return np.empty_like(x)",
    "the same by its type": "import numpy as np\ndef f(x): return np.ndarray(3)",
    "memory beside an array": (
        "import numpy as np\ndef f(x): return np.lib.stride_tricks.as_strided(x, (9,))"
    ),
    "where things lie": "def f(x): return id(x) % 2",
    "hashes": "def f(x): return hash('x') % 2",
    "another file": "from dx import linear_dx\ndef f(x): return linear_dx(x)",
    "the package": "from . import dx\ndef f(x): return x",
    "everything of a module": "from numpy import *\ndef f(x): return x",
    "chance by a dictionary": "def f(x, g): return g(**{'a': x})",
    "elements that are left out": "import numpy as np\ndef f(x): return np.log(x, where=x > 0)",
    "a frame that is empty": "import numpy as np\ndef f(x): return np.pad(x, 1, 'empty')",
    "operands that are made": "import numpy as np\ndef f(x): return np.nditer([x, None])",
    "now": "import numpy as np\ndef f(x): return np.array('now', dtype='M8[us]')",
    "names of the caller": "import numpy as np\ndef f(A): return np.bmat('A')",
    "names by a format": "def f(x): return '{0.__globals__}'.format(f)",
    "a module of another": "import numpy as np\ndef f(x): return np.linalg.linalg.sys",
    "what begins with a line": "import numpy as np\ndef f(x): return np._core",
    "no elements for what is left out": (
        "import numpy as np\ndef f(x): return np.log(x, where=x > 0, out=None)"
    ),
    "unwritten memory by its type": "def f(x): return type(x)(x.shape)",
    "an attribute in a pattern": "def f(x):\n match x:\n  case object(__self__=s): return s",
    "words in capitals": "import numpy as np\ndef f(x): return np.array('NOW', dtype='M8[us]')",
    "no Python": "def f(x) return x",
    "nothing that ends": "(" * 500 + ")" * 500,
    "a null character": "def f(x):\n    return x\0",
    "a long text": "x = 1\n" * (MAX_LENGTH // 6 + 1),
}


@pytest.mark.parametrize("source", SAME.values(), ids=SAME)
def test_what_computes_the_same_is_one_program(source: str) -> None:
    program = program_in(PLAIN if "0x0" not in source else source.replace("0x0", "0"))
    assert program is not None
    assert source != PLAIN
    assert program_in(source) == program


@pytest.mark.parametrize("source", OTHER.values(), ids=OTHER)
def test_a_difference_makes_another_program(source: str) -> None:
    program = program_in(source)
    assert program is not None
    assert program != program_in(PLAIN)


def test_other_programs_differ_among_themselves() -> None:
    assert len({program_in(source) for source in OTHER.values()}) == len(OTHER)


@pytest.mark.parametrize("source", UNKNOWN.values(), ids=UNKNOWN)
def test_of_what_looks_elsewhere_nothing_is_known(source: str) -> None:
    assert program_in(source) is None


def test_warnings_of_the_compiler_are_not_ours() -> None:
    assert program_in("def f(x):\n    return x is 1\n") is not None  # warnings are errors here


def test_nothing_is_worked_out() -> None:
    """To fold these constants takes gigabytes."""
    for source in ("x=" + "+".join(["'a'*4096"] * 800), "x=" + "+".join(["(0,)*256"] * 800)):
        assert program_in(source) is not None


def test_a_class_is_a_program_too() -> None:
    source = """
import numpy as np

class Linear:
    def __init__(self, W, *, by=2):
        self.W = by * W

    def forward(self, X):
        self.X = X
        return X @ self.W.T
"""
    assert program_in(source) == program_in(source + "# done\n") is not None
    assert program_in(source) != program_in(source.replace("by=2", "by=3"))
