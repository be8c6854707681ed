"""Which files change nothing that other code in their process finds."""

from __future__ import annotations

import pytest
import yaml

from autograder.grading.leaves_alone import leaves_alone
from tests.support.small_course import ROOT

HARMLESS = {
    "a function": "import numpy as np\ndef f(W, dy): return W.T @ dy",
    "a part of numpy": "from numpy.lib.stride_tricks import sliding_window_view as w",
    "memory not written to": "import numpy as np\ndef f(x): y = np.empty(3); y[0] = x; return y",
    "what is printed": "def f(x): print(x); return x",
    "numbers that are drawn": "import numpy as np\nnp.random.seed(3)\nx = np.random.rand()",
    "a class": "class Layer:\n  def __init__(self, W): self.W = W\n  def step(self): self.W -= 1",
    "what another object has": "class A:\n  def f(self, b): b.grad = self.b.grad = 0",
    "an attribute of a function": "def f(x):\n  f.calls = 1\n  return x",
    "types": "from typing import NamedTuple\nfrom dataclasses import dataclass",
    "names by a format": "def f(x): return '{0.__globals__}'.format(f)",
    "a context": "import numpy as np\ndef f(x):\n  with np.errstate(all='raise'): return 1 / x",
    "nothing": "",
}
CHANGING = {
    "a function of numpy": "import numpy as np\nnp.dot = None",
    "by another name": "import numpy as math\nmath.dot = None",
    "of its linear algebra": "import numpy as np\nnp.linalg.norm = None",
    "of a part of it": "import numpy.linalg as la\nla.norm = None",
    "of one that is imported": "from numpy import linalg\nlinalg.norm = None",
    "deleted": "import numpy as np\ndel np.dot",
    "counted up": "import numpy as np\nnp.calls += 1",
    "bound by a loop": "import numpy as np\nfor np.dot in [1]: pass",
    "bound by with": "import numpy as np\nwith x as np.dot: pass",
    "of a class": "class A:\n  def f(self): type(self).n = 1",
    "errors of numbers": "import numpy as np\nnp.seterr(all='raise')",
    "the same by its name": "from numpy import seterr\nseterr(all='raise')",
    "how numbers are printed": "import numpy as np\nnp.set_printoptions(precision=2)",
    "how numbers are drawn": "import numpy as np\nnp.random.set_bit_generator(1)",
    "by text": "import numpy as np\nsetattr(np, 'dot', None)",
    "all names": "def f(x): globals()['g'] = x",
    "text that is run": "exec('import os')",
    "an import by text": "__import__('os')._exit(0)",
    "a dictionary of names": "import numpy as np\nnp.__dict__['dot'] = None",
    "the system": "import sys\nsys.setrecursionlimit(60)",
    "warnings": "import warnings\nwarnings.simplefilter('error')",
    "builtins": "import builtins\nbuiltins.len = None",
    "another file": "from dx import linear_dx",
    "the package": "from . import dx",
    "a thread": "import threading",
    "a long text": "x = 1\n" * 2000,
    "a star import": "from numpy import *\nset_printoptions(precision=2)",
    "a module that is not numpy's": "import numpy.mine",
    "memory beside an array": "import numpy as np\nnp.lib.stride_tricks.as_strided(1)",
    "no Python": "def f(x) return x",
    "nothing that ends": "(" * 500 + ")" * 500,
}


@pytest.mark.parametrize("source", HARMLESS.values(), ids=HARMLESS)
def test_what_leaves_others_alone(source: str) -> None:
    assert leaves_alone(source)


@pytest.mark.parametrize("source", CHANGING.values(), ids=CHANGING)
def test_what_may_change_what_others_find(source: str) -> None:
    assert not leaves_alone(source)


def test_nearly_every_right_answer_leaves_others_alone() -> None:
    """Or this would be of little use."""
    found = [
        leaves_alone(answer)
        for path in (ROOT / "tests/answers").glob("*.yaml")
        for answer in yaml.safe_load(path.read_text("utf-8"))["right"].values()
    ]
    assert len(found) > 200
    assert sum(found) > 0.95 * len(found)
