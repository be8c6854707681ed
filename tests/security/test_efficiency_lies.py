"""Points for speed that a slow answer does not deserve: lies about lines, and memories.

Whoever lies in their own process about lines is timed, from outside; so none of these gains a
point, while the honest answer, without loops, keeps all of them.
"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from autograder.course.exercise import EfficiencyTest
from autograder.grading.preparation import prepare
from autograder.sandbox.host import Sandbox
from tests.efficiency.verdicts import Verdict, timed_exercises, verdicts

NAME = "batched_backward"
HONEST = (
    "import numpy as np\n"
    "def batched_backward(X, W, b, dY): return dY @ W, dY.T @ X, dY.sum(axis=0)\n"
)
# A right answer that is slow.
SLOW = """
import gc, sys, types, ctypes, functools, operator, itertools, numpy as np
def slow(X, W, b, dY):
    dX, dW, db = np.zeros(X.shape), np.zeros(W.shape), np.zeros(b.shape)
    for s, (x, dy) in enumerate(zip(X, dY)):
        dX[s] = dy @ W
        dW += np.outer(dy, x)
        db += dy
    return dX, dW, db
def quick(X, W, b, dY): return dY @ W, dY.T @ X, dY.sum(axis=0)
"""
LIES = {
    "none": "def batched_backward(*a): return slow(*a)",
    "stops tracing for a while": """
def batched_backward(*a):
    trace = sys.gettrace()
    sys.settrace(None)
    try: return slow(*a)
    finally: sys.settrace(trace)
""",
    "stops it from a name kept before": """
stop = sys.settrace
def batched_backward(*a):
    trace = sys.gettrace()
    stop(None)
    result = slow(*a)
    stop(trace)
    return result
""",
    "stops the lines of its frame": """
def batched_backward(X, W, b, dY):
    sys._getframe().f_trace_lines = False
    dX, dW, db = np.zeros(X.shape), np.zeros(W.shape), np.zeros(b.shape)
    for s, (x, dy) in enumerate(zip(X, dY)):
        dX[s] = dy @ W
        dW += np.outer(dy, x)
        db += dy
    return dX, dW, db
""",
    "has no trace in its frame": """
def batched_backward(X, W, b, dY):
    sys._getframe().f_trace = None
    dX, dW, db = np.zeros(X.shape), np.zeros(W.shape), np.zeros(b.shape)
    for s, (x, dy) in enumerate(zip(X, dY)):
        dX[s] = dy @ W
        dW += np.outer(dy, x)
        db += dy
    return dX, dW, db
""",
    "sets the count back": """
def batched_backward(*a):
    result = slow(*a)
    trace = sys.gettrace()
    for cell in getattr(trace, "__closure__", None) or ():
        if isinstance(cell.cell_contents, int) and cell.cell_contents > 0: cell.cell_contents = 0
    return result
""",
    "raises what is allowed": """
def batched_backward(*a):
    trace = sys.gettrace()
    for cell in getattr(trace, "__closure__", None) or ():
        if isinstance(cell.cell_contents, int): cell.cell_contents = -(1 << 60)
    return slow(*a)
""",
    "calls back into C to stop it": """
def batched_backward(*a):
    try: ctypes.pythonapi.PyEval_SetTrace(None, None)
    except Exception: pass
    return slow(*a)
""",
    "replaces what looks": """
def batched_backward(*a):
    frame = sys._getframe()
    while frame is not None:
        names = frame.f_globals
        if "_get_trace" in names:
            trace = sys.gettrace()
            names["_get_trace"] = lambda: trace
        frame = frame.f_back
    sys.settrace(None)
    return slow(*a)
""",
    "does as if nobody had looked": """
def batched_backward(*a):
    frame, trace = sys._getframe(), sys.gettrace()
    while frame is not None:
        noted = frame.f_globals.get("_changes_of_tracing")
        if noted:
            before = noted[0]
            sys.settrace(None)
            result = slow(*a)
            sys.settrace(trace)
            noted[0] = before
            return result
        frame = frame.f_back
    return slow(*a)
""",
    "is quick while it is watched": """
def batched_backward(*a): return quick(*a) if sys.gettrace() else slow(*a)
""",
    "is quick in the first calls": """
calls = itertools.count()
def batched_backward(*a): return quick(*a) if next(calls) < 3 else slow(*a)
""",
    "remembers by the inputs": """
known = {}
def batched_backward(*a):
    key = b"".join(one.tobytes() for one in a)
    if key not in known: known[key] = slow(*a) if not sys.gettrace() else quick(*a)
    return known[key]
""",
    "is a loop of map": """
def row(x, dy): return np.outer(dy, x)
def batched_backward(X, W, b, dY):
    return dY @ W, functools.reduce(operator.add, map(np.outer, dY, X)), dY.sum(axis=0)
""",
    "is vectorized by name": """
def batched_backward(X, W, b, dY):
    product = np.vectorize(lambda s, i, j: dY[s, i] * X[s, j])
    s, i, j = np.ogrid[:len(X), :len(W), :W.shape[1]]
    return dY @ W, product(s, i, j).sum(axis=0), dY.sum(axis=0)
""",
    "is of objects": """
def batched_backward(X, W, b, dY):
    o = [one.astype(object) for one in (X, W, dY)]
    return ((o[2] @ o[1]).astype(float), (o[2].T @ o[0]).astype(float),
            o[2].sum(axis=0).astype(float))
""",
    "is written in one line": """
def batched_backward(X, W, b, dY):
    m, n = W.shape
    dW = [[sum(dY[s, i] * X[s, j] for s in range(len(X))) for j in range(n)] for i in range(m)]
    return dY @ W, np.array(dW), dY.sum(axis=0)
""",
    "is written by exec": """
def batched_backward(*a):
    names = {"slow": slow, "a": a}
    exec("result = slow(*a)", names)
    return names["result"]
""",
    "is a thread's": """
import _thread, time
def batched_backward(*a):
    out = []
    try: _thread.start_new_thread(lambda: out.append(slow(*a)), ())
    except RuntimeError: return slow(*a)
    while not out: time.sleep(0.01)
    return out[0]
""",
    "is a generator's": """
def steps(X, W, b, dY):
    yield from ((s, i, j) for s in range(len(X)) for i in range(len(W)) for j in range(len(W[0])))
def batched_backward(X, W, b, dY):
    dW = np.zeros(W.shape)
    for s, i, j in steps(X, W, b, dY): dW[i, j] += dY[s, i] * X[s, j]
    return dY @ W, dW, dY.sum(axis=0)
""",
    "watches by itself": """
def batched_backward(*a):
    sys.setprofile(lambda *_: None)
    try: return slow(*a)
    finally: sys.setprofile(None)
""",
    "counts as monitoring": """
def batched_backward(*a):
    trace, monitoring = sys.gettrace(), getattr(sys, "monitoring", None)
    if monitoring is not None:
        for tool in range(6):
            try: monitoring.set_events(tool, 0)
            except ValueError: pass
    return slow(*a)
""",
    "swallows the end": """
def batched_backward(*a):
    while True:
        try: return slow(*a)
        except BaseException: pass
""",
}  # fmt: skip


@pytest.fixture(scope="module")
def found() -> dict[str, list[Verdict]]:
    course, exercises = timed_exercises()
    (prepared,) = prepare([exercises[NAME]], course.seed)
    sources = {"honest": HONEST} | {name: SLOW + code for name, code in LIES.items()}
    with Sandbox("sandbox", course.limits) as sandbox:
        return dict(verdicts(course, exercises[NAME], sources, sandbox, prepared))


@pytest.mark.parametrize("lie", LIES)
def test_points_for_speed_are_not_gained_by_a_lie(
    found: dict[str, list[Verdict]], lie: str
) -> None:
    assert len(found[lie]) == 2
    assert [one for one in found[lie] if one.passed] == []


# The same where the call that is judged is counted, since there have been others before.
AFTER_OTHERS = {
    name: LIES[name]
    for name in ("none", "is quick while it is watched", "remembers by the inputs")
} | {
    "is right while it is watched": """
def batched_backward(*a):
    return tuple(one * (1 if sys.gettrace() or len(a[0]) < 9 else 2) for one in quick(*a))
""",
    "is quick up to the first large arrays": """
large = itertools.count()
def batched_backward(*a):
    return slow(*a) if len(a[0]) > 99 and next(large) else quick(*a)
""",
}  # fmt: skip


@pytest.fixture(scope="module")
def found_after_others() -> dict[str, list[Verdict]]:
    course, exercises = timed_exercises()
    ordinary = course.assignments[exercises[NAME].assignment].exercises
    (every,) = (one for one in ordinary if one.name == NAME)
    of_both = {
        visibility: next(
            test
            for test in every.run_tests
            if test.visibility == visibility and not isinstance(test, EfficiencyTest)
        )
        for visibility in ("public", "hidden")
    }
    exercise = replace(exercises[NAME], tests=(*of_both.values(), *exercises[NAME].tests))
    (prepared,) = prepare([exercise], course.seed)
    sources = {"honest": HONEST} | {name: SLOW + code for name, code in AFTER_OTHERS.items()}
    timed = {test.name for test in exercises[NAME].tests}
    with Sandbox("sandbox", course.limits) as sandbox:
        return {
            name: [one for one in several if one.test in timed]
            for name, several in verdicts(course, exercise, sources, sandbox, prepared)
        }


@pytest.mark.parametrize("lie", AFTER_OTHERS)
def test_nor_where_the_call_that_is_judged_is_counted(
    found_after_others: dict[str, list[Verdict]], lie: str
) -> None:
    assert [one.passed for one in found_after_others[lie]] == [False, False]


def test_the_honest_keep_points_there_too(found_after_others: dict[str, list[Verdict]]) -> None:
    assert [one.passed for one in found_after_others["honest"]] == [True, True]


def test_points_for_speed_are_kept_by_the_honest(found: dict[str, list[Verdict]]) -> None:
    assert [one for one in found["honest"] if not one.passed] == []
