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
