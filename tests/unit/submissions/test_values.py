"""A function of a notebook computes with the values that its author saw, or is told which cell was
left out: never with others. And a stub is told from an answer."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from autograder.submissions.choice import Wanted, choose
from autograder.submissions.functions import is_stub
from autograder.submissions.listing import Item
from autograder.submissions.notebook import extract, parse_cells
from tests.support.odd_class import notebook

# Cells after which `answer()` is 1; most of them give a name another value, in one way or another.
VALUES: dict[str, list[str]] = {
    "setattr": ["class L:\n    k = 2", "setattr(L, 'k', 1)", "def answer(): return L.k"],
    "a type's method": ["o = {}\ndict.update(o, k=1)", "def answer(): return o['k']"],
    "object's method": [
        "class C: pass\nc = C()\nobject.__setattr__(c, 'k', 1)",
        "def answer(): return c.k",
    ],
    "vars": ["class C: pass\nc = C()\nc.k = 2", "vars(c)['k'] = 1", "def answer(): return c.k"],
    "globals item": ["globals()['K'] = 1", "def answer(): return K"],
    "globals in a loop": ["for n in ['K']:\n    globals()[n] = 1", "def answer(): return K"],
    "globals update": ["K = 2", "globals().update(K=1)", "def answer(): return K"],
    "exec": ["K = 2", "exec('K = 1')", "def answer(): return K"],
    "exec of a name": ["code = 'K = 1'", "exec(code)", "def answer(): return K"],
    "alias": ["o = {'k': 2}\na = o", "a['k'] = 1", "def answer(): return o['k']"],
    "part": ["o = {'k': [2]}\np = o['k']", "p[0] = 1", "def answer(): return o['k'][0]"],
    "chained targets": ["a = b = [2]", "b[0] = 1", "def answer(): return a[0]"],
    "rows": ["A = [[2]]\nfor row in A:\n    row[0] = 1", "def answer(): return A[0][0]"],
    "in a call": ["o = {'a': {}}\no.get('a').update(k=1)", "def answer(): return o['a']['k']"],
    "in a function": [
        "o = {'k': 2}\ndef setup():\n    o['k'] = 1",
        "setup()",
        "def answer(): return o['k']",
    ],
    "in a function's function": [
        "def a(): b()\ndef b():\n    global K\n    K = 1",
        "K = 2\na()",
        "def answer(): return K",
    ],
    "in a constructor": [
        "made = []\nclass A:\n    def __init__(self): made.append(1)",
        "a = A()",
        "def answer(): return made[0]",
    ],
    "in a method": [
        "L = [2]\nclass A:\n    def go(self): L[0] = 1",
        "a = A()\na.go()",
        "def answer(): return L[0]",
    ],
    "decorator": [
        "known = {}\ndef register(f):\n    known[f.__name__] = f\n    return f",
        "@register\ndef one(): return 1",
        "def answer(): return known['one']()",
    ],
    "decorator with arguments": [
        "known = {}\ndef register(name):\n    def deco(f):\n        known[name] = f\n"
        "        return f\n    return deco",
        "@register('one')\ndef f(): return 1",
        "def answer(): return known['one']()",
    ],
    "metaclass": [
        "class M(type):\n    known = {}\n    def __new__(m, n, b, d):\n"
        "        c = super().__new__(m, n, b, d)\n        m.known[n] = c\n        return c",
        "class One(metaclass=M):\n    k = 1",
        "def answer(): return M.known['One'].k",
    ],
    "subclass hook": [
        "class B:\n    subs = []\n    def __init_subclass__(cls): B.subs.append(cls)",
        "class One(B):\n    k = 1",
        "def answer(): return B.subs[0].k",
    ],
    "heap": [
        "import heapq\nh = [3, 2]",
        "heapq.heappush(h, 1)",
        "def answer(): return min(h)",
    ],
    "generator": ["def g():\n    yield 1\ni = g()\nK = next(i)", "def answer(): return K"],
    "context manager": [
        "from contextlib import contextmanager\n@contextmanager\ndef timer():\n    yield",
        "with timer():\n    K = 1",
        "def answer(): return K",
    ],
    "what only looks": [
        "import matplotlib.pyplot as plt\nK = [1]",
        "plt.plot(K)\nprint(K)",
        "def answer(): return K[0]",
    ],
    "a loop of training": [
        "import torch\nmodel = torch.nn.Linear(3, 3)\nK = [1]\nL = K",
        "for i in range(10):\n    loss = model(i)\n    loss.backward()",
        "def answer(): return L[0]",
    ],
}


@pytest.mark.parametrize("cells", VALUES.values(), ids=VALUES)
def test_a_value_is_that_of_its_author(cells: list[str]) -> None:
    extracted = extract(parse_cells(list(enumerate(cells, 1))), ["answer"])
    namespace: dict[str, Any] = {}
    exec(extracted.source, namespace)
    assert namespace["answer"]() == 1
    assert extracted.left_out == ()


@pytest.mark.parametrize("last", ["alias['k'] = open('x').read()", "alias.update(k=input())"])
def test_a_value_that_cannot_be_had_is_none_also_of_what_shares_it(last: str) -> None:
    cells = ["o = {'k': 2}\nalias = o", last, "def answer(): return o['k']"]
    extracted = extract(parse_cells(list(enumerate(cells, 1))), ["answer"])
    namespace: dict[str, Any] = {}
    exec(extracted.source, namespace)
    with pytest.raises(NameError):
        namespace["answer"]()
    assert [one.cell for one in extracted.left_out] == [2]


STUBS = [
    *("raise NotImplementedError", "pass", "...", "'doc'", "return None", "return"),
    *("dx = None\n    return dx", "dx: float = None\n    dW = None\n    return dx, dW"),
    *("dx = None\n    raise NotImplementedError\n    return dx", "return NotImplemented"),
    *("print(1)\n    raise NotImplementedError('x')", "y = x.T\n    raise NotImplementedError"),
]
ANSWERS = [
    *("return x", "dx = x.T\n    return dx", "return x, None", "dx = 0\n    return dx", "x += 1"),
    *("dx = None\n    dx = x @ x\n    return dx", "out[0] = 1", "return np.zeros(3)"),
    "if x.ndim == 3:\n        raise NotImplementedError\n    return x",
    "if x.ndim == 2:\n        return x\n    raise NotImplementedError",
    "try:\n        return f(x)\n    except E:\n        pass\n    raise NotImplementedError",
    "yield 1\n    raise NotImplementedError",
    "def g():\n        raise NotImplementedError\n    return g",
]


@pytest.mark.parametrize("body", [*STUBS, *ANSWERS])
def test_a_stub_is_what_gives_no_answer(body: str) -> None:
    (function,) = ast.parse(f"def f(x):\n    {body}").body
    assert isinstance(function, ast.FunctionDef)
    assert is_stub(function) is (body in STUBS)


RIGHT = "def linear_dx(W, dy):\n    return W.T @ dy\n"


@pytest.mark.parametrize(
    "head",
    [
        "get_ipython().run_line_magic('matplotlib', 'inline')\nget_ipython().system('ls')\n",
        "%matplotlib inline\n!pip install numpy\n",
        "from IPython import get_ipython\nget_ipython().run_line_magic('time', '')\n",
        "import matplotlib.pyplot as plt\nget_ipython().magic('pylab')\nplt.show()\n",
    ],
)
def test_a_file_that_was_made_of_a_notebook_is_python(head: str) -> None:
    source = f"# In[1]:\n{head}{RIGHT}"
    work = _work("dx.py", source.encode())
    exec(compile(work, "dx.py", "exec"), {})
    assert work.count("\n") == source.count("\n")  # lines keep their numbers
    assert "W.T @ dy" in work


def test_a_notebook_in_utf_16_is_read() -> None:
    assert "W.T @ dy" in _work("dx.ipynb", notebook(RIGHT).encode("utf-16"))


def _work(name: str, content: bytes) -> str:
    kind: Any = "python" if name.endswith(".py") else "notebook"
    chosen = choose([Item(name, kind, content=content)], [Wanted("dx", "linear_dx")], "layer")
    source = chosen.work["dx"].source
    assert source is not None
    return source
