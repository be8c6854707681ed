"""Rules about what a file imports, must contain and must not."""

from __future__ import annotations

import pytest

from autograder.course.exercise import SourceTest
from autograder.grading.source_rules import first_broken_rule


def kind(source: str, **rules: tuple[str, ...]) -> str | None:
    test = SourceTest(name="t", visibility="hidden", parts=(), **rules)  # type: ignore[arg-type]
    found = first_broken_rule(test, "answer.py", {"answer.py": source, "dx.py": "import numpy"})
    return None if found is None else f"{found.kind} {found.word}"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import numpy as np\nfrom math import pi", None),
        ("import numpy.linalg", None),
        ("from dx import linear_dx", None),
        ("import torch", "import torch"),
        ("import torch.nn as nn", "import torch.nn"),
        ("from jax import numpy as np", "import jax"),
        ("def f():\n    import autograd", "import autograd"),
        ("__import__('torch')", "import torch"),
        ("import importlib", "import importlib"),
        ("from . import other", "import ."),
    ],
)
def test_imports(source: str, found: str | None) -> None:
    assert kind(source, imports=("numpy", "math")) == found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from dataclasses import dataclass\nimport collections.abc, functools, fractions", None),
        ("import torch", "import torch"),
        ("import importlib", "import importlib"),
        ("from runpy import run_module", "import runpy"),
        ("__import__('tor' + 'ch')", "import __import__"),
    ],
)
def test_imports_of_the_standard_library(source: str, found: str | None) -> None:
    assert kind(source, imports=("numpy", "stdlib")) == found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("y = W * x", None),
        ("y = W @ x", "forbidden matmul"),
        ("W @= x", "forbidden matmul"),
        ("import numpy as np\nnp.dot(W, x)", "forbidden numpy.dot"),
        ("from numpy import dot as times\ntimes(W, x)", "forbidden numpy.dot"),
        ("W.dot(x)", "forbidden numpy.dot"),
        ("dot = 3", None),
        ("'W @ x'", None),
    ],
)
def test_forbidden_constructs(source: str, found: str | None) -> None:
    assert kind(source, forbid=("matmul", "numpy.dot")) == found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("for i in x: pass", None),
        ("[i for i in x]", "required for"),
        ("while x: pass", "required for"),
        ("# for", "required for"),
    ],
)
def test_required_constructs(source: str, found: str | None) -> None:
    assert kind(source, require=("for",)) == found


def test_the_line_is_named() -> None:
    test = SourceTest(name="t", visibility="hidden", parts=(), imports=("numpy",))
    found = first_broken_rule(test, "dx.py", {"dx.py": "import numpy\n\nimport jax\n"})
    assert found is not None
    assert found.line == 3


def test_what_is_not_python_is_somebody_else_s_message() -> None:
    with pytest.raises(SyntaxError):
        kind("def (", imports=("numpy",))


HELPERS = {
    "dx.py": "import helpers\nfrom numpy import *\n",
    "helpers.py": "import deeper, dx\n",
    "deeper.py": "\nfor i in ():\n    pass\n",
    "unused.py": "while True: pass\n",
}


def test_what_is_forbidden_cannot_be_imported_from_another_file() -> None:
    forbid_for = rule(forbid=("for",))
    found = first_broken_rule(forbid_for, "dx.py", HELPERS)
    assert found is not None
    assert (found.kind, found.word, found.line, found.file) == ("forbidden", "for", 2, "deeper.py")
    assert first_broken_rule(rule(forbid=("while",)), "dx.py", HELPERS) is None
    assert first_broken_rule(forbid_for, "unused.py", HELPERS) is None


def rule(forbid: tuple[str, ...]) -> SourceTest:
    return SourceTest(name="rule", visibility="public", parts=(), forbid=forbid)


@pytest.mark.parametrize(
    "source",
    [
        "import h.i",
        "import h.i.j as k",
        "from h import i",
        "from h.i import j",
        "import h",
        "__package__ = 'h'\nfrom . import i",
        "__package__ = 'h'\nfrom .i import j",
        "import importlib\nimportlib.import_module('h.' + 'i')",
        "__import__('h' + '.i')",
        "from importlib import import_module as load\nload('h.i.j')",
        "import importlib\nload = importlib.import_module",
        "import k",  # which imports it
        "import numpy.i",
    ],
)
def test_what_is_forbidden_cannot_be_imported_from_a_package(source: str) -> None:
    loop = "for i in (): pass\n"
    files = {"dx.py": source, "h/__init__.py": "", "h/i/j.py": loop, "k.py": "from h import i"}
    files["numpy/i.py"] = loop
    found = first_broken_rule(rule(forbid=("for",)), "dx.py", files)
    assert found is not None
    assert (found.word, found.file) in (("for", "h/i/j.py"), ("for", "numpy/i.py"))
    for harmless in (
        "import hh",
        "import json",
        "h = 1",
        "from numpy import linalg as h",
        "import importlib",
    ):
        del files["numpy/i.py"]
        assert (
            first_broken_rule(rule(forbid=("for",)), "dx.py", {**files, "dx.py": harmless}) is None
        )
        files["numpy/i.py"] = loop


def test_a_package_of_one_s_own_may_be_imported() -> None:
    files = {
        "dx.py": "import h.i\nfrom h import j",
        "h/i.py": "from . import j\nfrom .j import x\nimport numpy\nclass A:\n  def __init__(s): 1",
        "h/j.py": "x = 1",
    }
    numpy_alone = SourceTest(name="t", visibility="hidden", parts=(), imports=("numpy",))
    assert first_broken_rule(numpy_alone, "dx.py", files) is None
    assert first_broken_rule(numpy_alone, "dx.py", {**files, "h/old.py": "def ("}) is None
    for source, word in (("import jax", "jax"), ("__package__ = 'jax'\nfrom . import n", ".")):
        found = first_broken_rule(numpy_alone, "dx.py", {**files, "h/j.py": source})
        assert found is not None
        assert (found.word, found.file) == (word, "h/j.py")


NP = "import numpy as np\n"
OWN = """
class Vector:
    def __init__(self, numbers):
        self.numbers = numbers
    def dot(self, other):
        return sum(a * b for a, b in zip(self.numbers, other.numbers))
    def __matmul__(self, other):
        return self.dot(other)
    def times(self, other):
        return self.dot(other)
"""


@pytest.mark.parametrize(
    "source",
    [
        "def f(W, dy):\n    return W.T @ dy",
        "def f(W, dy):\n    W @= dy",
        "def f(W, dy):\n    return W.T.__matmul__(dy)",
        "def f(W, dy):\n    return dy.__rmatmul__(W.T)",
        "def f(W, dy):\n    return type(W).__matmul__(W, dy)",
        NP + "np.dot(W, x)",
        NP + "np.ndarray.dot(W, x)",
        NP + "np.vecmat(W, x)",
        NP + "np.vecdot(W, x)",
        NP + "np.matvec(W, x)",
        NP + "np.linalg.multi_dot([W, x])",
        NP + "np.linalg.matmul(W, x)",
        NP + "np.linalg.vecdot(W, x)",
        NP + "np.linalg.tensordot(W, x, 1)",
        NP + "np.linalg.outer(dy, x)",
        NP + "np.einsum('ij,i->j', W, x)",
        NP + "np.tensordot(W, x, 1)",
        NP + "np.inner(W, x)",
        NP + "np.outer(dy, x)",
        NP + "np.multiply.outer(dy, x)",
        NP + "np.kron(dy, x)",
        NP + "np.ma.dot(W, x)",
        NP + "np.asmatrix(W) * x",
        "import operator\noperator.matmul(W, x)",
        "from operator import matmul as m\nm(W, x)",
        "import math\nmath.sumprod(W, x)",
        "import numpy.linalg as la\nla.matmul(W, x)",
        "from numpy import dot as d\nd(W, x)",
        "from numpy.linalg import multi_dot\nmulti_dot([W, x])",
        "from numpy import *\ndot(W, x)",
        NP + "d = np.dot\nd(W, x)",
        NP + "n = np\nn.dot(W, x)",
        NP + "la = np.linalg\nla.vecdot(W, x)",
        NP + 'getattr(np, "dot")(W, x)',
        NP + 'getattr(np, "do" + "t")(W, x)',
        NP + "f = getattr\ngetattr(np.linalg, f\"{'mat'}mul\")(W, x)",
        NP + 'np.__dict__["dot"](W, x)',
        NP + 'vars(np)["inner"](W, x)',
        NP + "from functools import partial\npartial(np.dot, W)",
        NP + "list(map(np.dot, W, x))",
        "def f(W, x):\n    return W.dot(x)",
        "def f(W, x):\n    return W.T.reshape(2, 3).dot(x)",
        NP + "def f(n):\n    return np.eye(n).dot(np.ones(n))",
        'from operator import methodcaller\nmethodcaller("dot", x)(W)',
        'def f(W, x):\n    return eval("W @ x")',
        NP + 'exec("y = np.dot(W, x)")',
        # One's own class does not make arrays one's own.
        OWN + "def f(W, x):\n    return W.dot(x)",
        OWN + NP + "Vector.dot = np.dot",
        NP + "class Layer:\n    times = np.dot",
        "class Layer:\n    def f(self, W, x):\n        return W @ x",
    ],
)
def test_products_by_any_name_are_refused(source: str) -> None:
    found = kind(source, forbid=("products",))
    assert found is not None
    assert found.startswith("forbidden ")


@pytest.mark.parametrize(
    "source",
    [
        "def f(W, x):\n    return sum(w * v for w, v in zip(W, x))",
        NP + "def f(W, x):\n    return np.multiply(W, x).sum(axis=0)",
        NP + "def f(x):\n    return np.subtract.outer(x, x)",
        NP + "def f(x):\n    return np.add.reduce(x)",
        "import operator\noperator.mul(2, 3)",
        "import math\nmath.dist(x, y)",
        "dot = 3\nprint(dot)",
        "def dot(a, b):\n    return sum(x * y for x, y in zip(a, b))\ndot(W, x)",
        "def outer(a, b):\n    return [[x * y for y in b] for x in a]\nouter(W, x)",
        "def f(W, x):\n    dot = 0.0\n    dot += W[0] * x[0]\n    return dot",
        "def f(W, x):\n    inner, outer = W.shape\n    return inner * outer",
        "'W @ x; np.dot(W, x)'",
        "# np.dot(W, x)",
        "@staticmethod\ndef f(W, x):\n    return W * x",
        OWN + "Vector([1]).dot(Vector([2]))",
        OWN + "def f(W, x):\n    v = Vector(W)\n    return v.dot(Vector(x))",
        OWN + "def f(W, x):\n    return Vector(W) @ Vector(x)",
        OWN + "def f(W, x):\n    v = Vector(W)\n    return v @ Vector(x)",
        OWN + "def f(v: Vector, w: Vector):\n    return v.dot(w)",
        OWN + "def make(W):\n    return Vector(W)\ndef f(W, x):\n    return make(W).dot(make(x))",
        OWN + "def f(W):\n    return sum(v.dot(v) for v in [Vector(row) for row in W])",
        OWN + "class Layer:\n    def __init__(self, W):\n        self.v = Vector(W)\n"
        "    def f(self, w):\n        return self.v.dot(w)",
        "import dx\ndx.dot(W, x)",
        "from dx import dot\ndot(W, x)",
        "import turtle\nturtle.dot(3)",
        "class Point:\n    dot = 3\n\nprint(Point.dot, Point().dot)",
        "class Graph:\n    def __init__(self):\n        self.inner = 0\n    def grow(self):\n"
        "        self.inner = self.inner + 1",
        "from numpy import *\ndef dot(a, b):\n    return sum(a * b)\ndot(x, x)",
        "from types import SimpleNamespace\nimport numpy as np\ndef f(W):\n    return W.T * 2",
        NP + 'getattr(np, "sum")(W)',
        "eval('W * x')",
        "eval('this is no program')",
    ],
)
def test_what_is_no_product_is_accepted(source: str) -> None:
    assert kind(source, forbid=("products",)) is None


def test_of_several_words_the_one_that_was_found_is_named() -> None:
    assert kind(NP + "np.linalg.vecdot(W, x)", forbid=("products",)) == "forbidden numpy.vecdot"
    assert kind("W.T.__matmul__(x)", forbid=("products",)) == "forbidden matmul"
    assert kind("import operator\noperator.matmul(W, x)", forbid=("matmul",)) == "forbidden matmul"
