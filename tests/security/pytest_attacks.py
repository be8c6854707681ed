"""Submissions that attack hidden tests written for pytest, and the course that they attack.

Most answer every question of a test in the same way: ``answer`` stands for all functions of the
exercise. Others do all of it right but for one thing.
"""

from __future__ import annotations

import re

from msgspec import Struct

FILE = "test_batched.py"

# The idioms that instructors write, weak ones too: emptiness, NaN and exceptions slip through
# them where student code can reach the test.
TESTS = """\
# CANARY-pytest-41d7
import numpy as np
import pytest

rng = np.random.default_rng(5)
RUNS = []


@pytest.fixture
def W():
    return rng.normal(size=(3, 2))


@pytest.mark.points(1)
@pytest.mark.parametrize("N", [1, 4])
def test_allclose(student, W, N):
    dY = rng.normal(size=(N, 3))
    assert np.allclose(student.batched(W, dY), dY @ W), "CANARY-words-77b0"


@pytest.mark.points(1)
def test_testing(student, W):
    dY = rng.normal(size=(4, 3))
    np.testing.assert_allclose(student.batched(W, dY), dY @ W, err_msg="CANARY-words-77b0")


@pytest.mark.points(1)
def test_scalar(student):
    assert np.allclose(student.loss(np.array([1846.5]), np.array([0.0])), 1704781.125)


@pytest.mark.points(1)
def test_approx(student):
    assert student.loss(np.array([1846.5]), np.array([0.0])) == pytest.approx(1704781.125)


@pytest.mark.points(1)
def test_parts(student, W):
    for got, want in zip(student.parts(W), (W.sum(0), W.sum(1))):
        assert np.allclose(got, want)


@pytest.mark.points(1)
def test_layers(student, W):
    for layer in student.layers(W):
        assert np.allclose(layer.forward(np.tri(3)), np.tri(3) @ W)


@pytest.mark.points(1)
def test_worst(student, W):
    worst = 0.0
    for _ in range(3):
        dY = rng.normal(size=(2, 3))
        worst = max(worst, *np.abs(student.batched(W, dY) - dY @ W).ravel())
    assert worst < 1e-9


@pytest.mark.points(1)
def test_refuses(student, W):
    assert np.allclose(student.batched(W, np.tri(3)), np.tri(3) @ W)
    with pytest.raises(ValueError):
        student.batched(W, np.ones((2, 2)))


@pytest.mark.points(1)
def test_refuses_somehow(student, W):
    assert np.allclose(student.batched(W, np.tri(3)), np.tri(3) @ W)
    try:
        student.batched(W, np.ones((2, 2)))
    except Exception:
        pass
    else:
        pytest.fail("CANARY-words-77b0")


@pytest.mark.points(1)
def test_slope(student):
    calls = []

    def f(x):
        calls.append(x)
        if x < 0:
            pytest.fail("CANARY-words-77b0")
        assert abs(x - 3) < 0.01, "evaluates far away"
        return x * x

    assert abs(student.slope(f, 3.0) - 6) < 1e-6
    assert 1 < len(calls) < 5


@pytest.mark.points(1)
def test_name(student, hint):
    name = student.name()
    assert name == "affine", hint(en=f"It is called {name}.", ko=f"{name}?")


@pytest.mark.points(1)
def test_not_skipped(student, W):
    if not hasattr(student, "batched"):
        pytest.skip("nothing to test")
    if student.batched(W, np.tri(3)) is None:
        pytest.xfail("not written yet")
    assert np.allclose(student.batched(W, np.tri(3)), np.tri(3) @ W)


@pytest.mark.points(1)
def test_runs_once(student, W):
    RUNS.append(1)
    assert np.allclose(student.batched(W, np.tri(3)), np.tri(3) @ W) and len(RUNS) == 1
"""
NAMES = tuple(re.findall(r"^def (test_\w+)", TESTS, re.MULTILINE))

SOLUTION = """\
# CANARY-solution-92aa
import numpy as np


def batched(W, dY):
    return dY @ W


def loss(y, t):
    return 0.5 * np.sum((y - t) ** 2)


def parts(W):
    return W.sum(0), W.sum(1)


class Layer:
    def __init__(self, W):
        self.W = W

    def forward(self, X):
        return batched(self.W, X)


def layers(W):
    return [Layer(W)]


def slope(f, x):
    return (f(x + 1e-4) - f(x - 1e-4)) / 2e-4


def name():
    return "affine"
"""
HONEST = SOLUTION.removeprefix("# CANARY-solution-92aa\n")

EVERYWHERE = """
class Layer:
    def __init__(self, W):
        self.W = answer(W)
    def forward(self, X):
        return answer(X)
batched = loss = parts = layers = slope = name = answer
"""


class Attack(Struct, frozen=True):
    """What is handed in as ``batched.py``, and ``files`` beside it. ``earned`` are the hidden
    tests for pytest that it does right."""

    source: str
    earned: tuple[str, ...] = ()
    files: dict[str, str] = {}


def does(body: str, before: str = "") -> Attack:
    """Answers everything by the statements ``body``, which have the arguments ``a``."""
    indented = "".join(f"    {line}\n" for line in body.split("\n"))
    return Attack(f"import numpy as np\n{before}\ndef answer(*a):\n{indented}\n{EVERYWHERE}")


def answers(value: str, before: str = "") -> Attack:
    return does(f"return {value}", before)


def raises(error: str, before: str = "") -> Attack:
    return does(f"raise {error}", before)


def right_but(source: str, *wrong: str, **files: str) -> Attack:
    """The right answers, but for ``source`` after them, which the tests ``wrong`` catch."""
    return Attack(
        HONEST + source,
        tuple(name for name in NAMES if name not in wrong),
        {f"{file}.py": text for file, text in files.items()},
    )


YES = """
class Yes:
    shape, ndim, size, dtype = (3, 2), 2, 6, np.dtype(float)
    def __eq__(self, other): return True
    def __bool__(self): return True
    def __len__(self): return 2
    def __iter__(self): return iter([self, self])
    def __getitem__(self, key): return self
    def __contains__(self, item): return True
    def __call__(self, *a): return self
    def __getattr__(self, name): return self
    def __array__(self, *a, **k): return np.zeros((3, 2))
    def __float__(self): return 0.0
    __sub__ = __rsub__ = __abs__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__
"""
ARRAY = """
class Array(np.ndarray):
    def __eq__(self, other): return np.ones(np.shape(other), bool)
    __le__ = __lt__ = __ge__ = __gt__ = __eq__
    def __array_ufunc__(self, *a, **k): return np.zeros(1)
    def __array_function__(self, *a, **k): return True
    def ravel(self): return np.zeros(1)
"""
FORGE = """
from autograder.sandbox import child, protocol
send = child.encode
P = protocol
def forge(make):
    child.encode = lambda reply: send(make(reply.number))
"""

# Where a test expects a refusal, or gives a function.
REFUSING = "\ndef batched(W, dY):\n    return dY @ W if len(W) == dY.shape[1] else {}\n"
SLOPE = """
def slope(f, x):
    for a in ({}):
        try: f(*a)
        except Exception: pass
    return f(x) - 3
"""
MANY = "class Many(Yes):\n    def __len__(self): return 100_000"
LIES = """
class Lies(list):
    def __getitem__(self, i): return Lies([self])
    def __iter__(self): return iter([])
    def __len__(self): return 7
"""

ATTACKS: dict[str, Attack] = {
    # What comes back
    "none": answers("None"),
    "true": answers("True"),
    "a number": answers("1e300"),
    "nan": answers("np.nan"),
    "an array of nan": answers("np.full((len(a[-1]), 2), np.nan) if np.ndim(a[-1]) else np.nan"),
    "infinity": answers("np.full((3, 2), np.inf)"),
    "no elements": answers("np.empty(0)"),
    "no rows": answers("np.empty((0, 2))"),
    "no columns": answers("np.empty((3, 0))"),
    "no elements in any shape": answers("np.empty((1, 0))"),
    "no elements, but long": answers("np.empty((0, 1 << 30))"),
    "an empty list": answers("[]"),
    "an empty tuple": answers("()"),
    "an empty dictionary": answers("{}"),
    "an empty text": answers("''"),
    "an object without items": answers("type('E', (), {'__len__': lambda s: 0})()"),
    "an empty generator": answers("iter(())"),
    "a list of empty arrays": answers("[np.empty(0), np.empty((0, 2))]"),
    "objects": answers("np.array([None, a[0]], dtype=object)"),
    "an object array of one": answers("np.array(None)"),
    "structured": answers("np.zeros(3, dtype=[('x', float), ('y', object)])"),
    "texts": answers("np.array(['5.0'])"),
    "no time": answers("np.array(['NaT'], dtype='M8[s]')"),
    "complex nan": answers("np.full((3, 2), complex(0, np.nan))"),
    "truth values": answers("np.ones((3, 2), bool)"),
    "bytes that wrap around": answers("np.full((3, 2), 255, np.uint8)"),
    "the smallest integer": answers("np.full((3, 2), -(1 << 63))"),
    "half precision": answers("np.full((3, 2), 65504, np.float16)"),
    "32 axes": answers("np.zeros((1,) * 32)"),
    "a large array": answers("np.zeros((1 << 22, 1))"),
    "a large array of one value": answers("np.broadcast_to(0.0, (1 << 40,))"),
    "too large": answers("np.zeros(9_000_000)"),
    "a long integer": answers("1 << 4000"),
    "a masked array": answers("np.ma.masked_all((3, 2))"),
    "a matrix": answers("np.matrix([[1, 2], [3, 4], [5, 6]])"),
    "an array that equals everything": answers("np.zeros((3, 2)).view(Array)", ARRAY),
    "an object that is everything": answers("Yes()", YES),
    "objects that are everything": answers("[Yes(), Yes()]", YES),
    "a class that is everything": answers("Yes", YES),
    "a hundred thousand objects": answers("Many()", YES + MANY),
    "a negative length": answers("type('E', (), {'__len__': lambda s: -1})()"),
    "endless": answers("__import__('itertools').count()"),
    "nested lists": answers("nest(6)", "def nest(n): return [nest(n - 1)] * 8 if n else 0.0"),
    "a list in itself": answers("loop", "loop = []\nloop += [loop, loop]"),
    "a list that lies": answers("Lies([1.0])", LIES),
    "functions": answers("np.allclose"),
    "pytest itself": answers("__import__('pytest')"),
    "approximately everything": answers("__import__('pytest').approx(0, abs=1e300)"),
    "anything of mock": answers("__import__('unittest.mock').mock.ANY"),
    "text like an assertion": answers("'assert True\\n  +  where True = '"),
    "a text of brackets": answers("'<function ' + 'a' * 3900"),
    "many lines": answers("'a\\n' * 2000"),
    "a number as text": answers("'5.0'"),
    "what it was given": answers("a[0] if a else ''"),
    "what a function gives": answers("a[0](3.0) if a and callable(a[0]) else None"),
    "a name that is read as a hint": right_but(
        "\ndef name(): return '\\x1b]0;owned\\x07\\x1b[2J\\u202e<img>' + 'a' * 3000\n", "test_name"
    ),
    # What is raised
    "a value error": raises("ValueError('no')"),
    "an assertion": raises("AssertionError('assert 1 == 1')"),
    "no attribute": raises("AttributeError('batched')"),
    "no memory": raises("MemoryError"),
    "no permission": raises("PermissionError(1, 'no')"),
    "an interrupt": raises("KeyboardInterrupt"),
    "an exit": raises("SystemExit(0)"),
    "an end of iteration": raises("StopIteration(1)"),
    "an exit of a generator": raises("GeneratorExit"),
    "a group": raises("BaseExceptionGroup('', [KeyboardInterrupt(), ValueError()])"),
    "skipped by pytest": raises("pytest.skip.Exception('no')", "import pytest"),
    "ended by pytest": raises("pytest.exit.Exception('no', 0)", "import pytest"),
    "failed as expected": raises("pytest.xfail.Exception('no')", "import pytest"),
    "skipped by its name": raises("type('Skipped', (BaseException,), {})('no')"),
    "ended by its name": raises("type('Exit', (BaseException,), {'returncode': 0})()"),
    "gone by its name": raises("type('StudentGone', (BaseException,), {})()"),
    "skipped while it is loaded": Attack("import pytest\npytest.skip(allow_module_level=True)\n"),
    "ended while it is loaded": Attack("import pytest\npytest.exit('no', 0)\n"),
    "a name with control characters": raises("type('\\x1b[2J\\nE', (Exception,), {})('\\x9b2J')"),
    "a message without end": raises("ValueError('x' * (1 << 24))"),
    "a message that raises": raises("E()", "class E(ValueError):\n    def __str__(self): 1 / 0"),
    "a message that asks": raises("ValueError('%s {0.__class__} ${HOME} {hint}')"),
    "warnings as errors": does(
        "warnings.warn('no')", "import warnings\nwarnings.simplefilter('error')"
    ),
    "right, but where it is to refuse it ends": right_but(
        REFUSING.format("__import__('os')._exit(0)"),
        "test_refuses", "test_refuses_somehow",
    ),
    "right, but where it is to refuse it returns too much": right_but(
        REFUSING.format("np.zeros(9_000_000)"),
        "test_refuses", "test_refuses_somehow",
        "test_slope", "test_name", "test_not_skipped", "test_runs_once",  # are not run any more
    ),
    "right, but where it is to refuse it sleeps": right_but(
        REFUSING.format("__import__('time').sleep(9)"),
        "test_refuses", "test_refuses_somehow",
        "test_slope", "test_name", "test_not_skipped", "test_runs_once",  # are not run any more
    ),
    "right, but where it is to refuse it forges": right_but(
        FORGE + REFUSING.format("forge(lambda n: P.Done(n))"),
        "test_refuses", "test_refuses_somehow",
    ),
    # What is done besides
    "functions called far away": right_but(
        SLOPE.format("(1e9,),"), "test_slope"
    ),
    "functions called where they fail the test": right_but(
        SLOPE.format("(-1.0,),"), "test_slope"
    ),
    "functions called without end": right_but(
        # The rest is not tried after that.
        "\ndef slope(f, x):\n    while True: f(x)\n",
        *NAMES[NAMES.index("test_slope") :],
    ),
    "functions called with odd arguments": right_but(
        SLOPE.format("(), (1, 2), ('3',), (None,), (np.ones((1024, 1)),), ([3.0],)"),
    ),
    "functions called later": right_but(
        "\ndef slope(f, x):\n    global kept\n    kept = f\n    return 6.0\n"
        "def name():\n    return kept(3.0)\n",
        "test_slope", "test_name",
    ),
    "functions numbered by itself": right_but(
        FORGE + "def name():\n    forge(lambda n: P.Callback(n, 0, ()))\n", "test_name"
    ),
    "answers twice": right_but(
        FORGE + "def name():\n"
        "    child.encode = lambda r: send(r) + P.HEADER.pack(len(send(r))) + send(r)\n"
        "    return 'affine'\n",
        "test_name",
    ),
    "answers before it is asked": does(
        "os.write(3, P.HEADER.pack(len(early)) + early)",
        FORGE + "import os\nearly = send(P.Returned(1, P.Plain(1704781.125)))",
    ),
    "says that there is nothing": does("forge(lambda n: P.Missing(n))", FORGE),
    "says that it is no function": does("forge(lambda n: P.Missing(n, callable=True))", FORGE),
    "says that it is loaded": does("forge(lambda n: P.Done(n))", FORGE),
    "says what it likes of its type": does(
        "forge(lambda n: P.Returned(n, P.Opaque('function\\x1b[2J' + '<' * 3900)))", FORGE
    ),
    "lists what is not there": does(
        "forge(lambda n: P.Returned(n, P.Items('list', (P.Opaque('x'),) * 64)))", FORGE
    ),
    "says that its length is an array": answers(
        "type('E', (), {'__len__': lambda s: forge(lambda n: P.Returned(n, zeros))})()",
        FORGE + "zeros = P.pack_array(np.zeros(3))",
    ),
    "closes the channel": does("os.close(3)", "import os"),
    "patches what compares": answers(
        "0.0", "for m in (np, np.testing):\n    for n in dir(m):\n"
        "        if 'close' in n or 'equal' in n: setattr(m, n, lambda *a, **k: True)",
    ),
    "patches pytest": answers(
        "0.0", "import _pytest.python\n_pytest.python.Function.runtest = lambda self: None",
    ),
    "looks for the test in memory": does(
        "frame, seen = sys._getframe(), []\n"
        "while frame: seen += [frame.f_globals, frame.f_locals]; frame = frame.f_back\n"
        "seen = repr(seen + gc.get_objects())[:1 << 24]\n"
        "found = re.search('CANARY' + '-[a-z]+-[0-9a-f]+', seen)\n"
        "raise ValueError(found and found[0])",
        "import gc, re, sys",
    ),
    "looks for the test in its folder": does(
        "raise ValueError([f.read_text() for f in pathlib.Path(HIDDEN).rglob('*.*')])",
        "import pathlib\nHIDDEN = '@course@/tests/hidden'",
    ),
    "prints what it is given": does("print(a, '@' * 9999)"),
    # What is used up
    "sleeps": does("time.sleep(99)", "import time"),
    "sleeps while it is loaded": Attack("import time\ntime.sleep(99)\n"),
    "loops": does("while True: pass"),
    "loops in C": does("sum(iter(int, 1))"),
    "memory": does("return np.ones(1 << 28)"),
    "ends every time": does("os._exit(0)", "import os"),
    "crashes every time": does("os.kill(os.getpid(), 11)", "import os"),
    # Files of names that mean something
    "files that pytest reads": Attack(
        "import conftest, numpy as np\n" + EVERYWHERE.replace("answer", "conftest.passes"),
        files={
            "conftest.py": "import sys\nprint('CANARY' + '-conftest', sys.argv)\n"
            "def passes(*a): return 0.0\n"
            "def pytest_runtest_call(item): item.obj = lambda *a: None\n",
            "test_batched.py": "def test_allclose(): pass\n",
            "pytest.py": "def fail(*a, **k): pass\n",
            "sitecustomize.py": "raise SystemExit(0)\n",
            "numpy.py": "def allclose(*a): return True\n",
            "student.py": "", "pytest.ini": "[pytest]\naddopts = -p no:python\n",
        },
    ),
}  # fmt: skip
