"""Exercises of one submission share a process, and nobody loses or is told anything by that."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence

import pytest
from msgspec.structs import replace

from autograder.course.exercise import SourceTest
from autograder.course.loading import load_course
from autograder.grades.model import ExerciseGrade
from autograder.grading.grader import Grader
from autograder.grading.leaves_alone import leaves_alone
from autograder.grading.run import SHARED_CALL_SECONDS, SHARED_LOAD_SECONDS
from autograder.grading.same_program import program_in
from autograder.grading.shared_process import Rule
from autograder.sandbox.host import Sandbox
from autograder.sandbox.limits import Limits
from autograder.sandbox.protocol import Raised, Returned
from autograder.sandbox.session import Channel, Died
from autograder.submissions.submission import Submission
from tests.support.small_course import COURSE, RIGHT, WRONG, copy_course

NAMES = ("one", "two", "three")
SAYS_WHO = f"import os, numpy as np\nprint(os.getpid())\n{RIGHT}"


@pytest.fixture(scope="module")
def grader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grader]:
    """Of a course with the exercise ``dx`` under three names."""
    root = copy_course(COURSE, tmp_path_factory.mktemp("shared") / "course")
    config = root / "config.yaml"
    config.write_text(config.read_text().replace("[dx]", f"[{', '.join(NAMES)}]"))
    for path in [path for path in root.rglob("dx.*") if path.is_file()]:
        for name in NAMES:
            shutil.copy(path, path.with_name(f"{name}{path.suffix}"))
        path.unlink()
    course = load_course(root)
    with Sandbox("sandbox", course.limits) as sandbox:
        grader = Grader(course, sandbox, "en")
        for one in grader.exercise_graders("linear-layer"):
            one.mutants()  # of which processes are not counted
        yield grader


def grades(grader: Grader, *sources: str) -> list[ExerciseGrade]:
    files = {f"{name}.py": source for name, source in zip(NAMES, sources, strict=False)}
    return list(grader.grade(Submission("ada", "linear-layer", files), "").exercises)


def scores(grader: Grader, *sources: str) -> list[bool]:
    """Which exercises have full points."""
    return [one.score == one.max_score for one in grades(grader, *sources)]


def processes(grade: ExerciseGrade) -> list[str]:
    """Those that printed who they are."""
    return grade.output.split()


def test_right_answers_have_two_processes_together(grader: Grader) -> None:
    """One for public tests and one for hidden ones, which are never the same."""
    first, *others = [processes(one) for one in grades(grader, *[SAYS_WHO] * 3)]
    assert len(set(first)) == 2
    assert all(one == first for one in others)


def test_a_wrong_answer_has_processes_of_its_own(grader: Grader) -> None:
    wrong = SAYS_WHO.replace("return ", "return -")
    first, second, third = [processes(one) for one in grades(grader, SAYS_WHO, wrong, SAYS_WHO)]
    assert first[0] not in second
    assert third[0] == second[0]  # which has begun with it
    assert first[1] == second[1]  # in the hidden tests the wrong one comes first


def counted(monkeypatch: pytest.MonkeyPatch) -> list[Sandbox]:
    """What gets an entry for each process of student code that is started from now on."""
    started: list[Sandbox] = []
    start = Sandbox._open

    def count(sandbox: Sandbox) -> Channel:
        started.append(sandbox)
        return start(sandbox)

    monkeypatch.setattr(Sandbox, "_open", count)
    return started


HEAD = "import numpy as np\n"
# Programs, which look at nothing but their arguments.
WRONG_PROGRAMS = {
    "another sign": f"{HEAD}{RIGHT.replace('return ', 'return -')}",
    "a shape that does not fit": f"{HEAD}def linear_dx(W, dy):\n    return W @ dy\n",
    "nothing": f"{HEAD}def linear_dx(W, dy):\n    W.T @ dy\n",
    "something else": f"{HEAD}def linear_dx(W, dy):\n    return 'dx'\n",
    "an exception": f"{HEAD}def linear_dx(W, dy):\n    return dy[99]\n",
    "right at times": f"{HEAD}def linear_dx(W, dy):\n    return W.T @ dy * (len(dy) < 4)\n",
    "a text that is printed": f"{HEAD}print('mine')\n{RIGHT.replace('return ', 'return 2 * ')}",
    "no function": f"{HEAD}linear = 1\n",
    "no function but a number": f"{HEAD}linear_dx = 1\n",
}


@pytest.mark.parametrize("source", WRONG_PROGRAMS.values(), ids=WRONG_PROGRAMS)
def test_a_wrong_program_goes_on_in_the_process_of_others(
    grader: Grader, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    """After code that leaves others alone. What is said is what would be said of it alone."""
    submission = Submission("ada", "linear-layer", {"two.py": source})
    second = grader.exercise_graders("linear-layer")[1]
    second.mutants()  # which are run when they are first asked for
    alone = second.grade(submission, "en")
    started = counted(monkeypatch)
    right = f"{HEAD}{RIGHT}\nother = {source!r}\n"  # which has not come before
    _, after_another, _ = grades(grader, right, source, right)
    assert len(started) == 2
    assert after_another == alone
    assert alone.score < alone.max_score


def test_a_wrong_program_is_run_again_after_what_may_disturb_it(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = counted(monkeypatch)
    printing = f"{HEAD}np.set_printoptions(precision=3)\n{RIGHT}"
    wrong = f"{HEAD}np.seterr(all='ignore')\ndef linear_dx(W, dy):\n    return 3 * dy @ W\n"
    assert [program_in(one) is not None for one in (printing, wrong)] == [True, True]
    assert scores(grader, printing, wrong) == [True, False, False]
    assert len(started) == 4  # both in public and in hidden tests


# What one file does that makes others fail in the same process.
DISTURBANCES = {
    "a function of numpy": "np.ndarray = np.array = np.asarray = np.matmul = None",
    "an operator for objects": "import builtins; builtins.len = lambda _: 1 / 0",
    "a module that others import": "import sys; sys.modules['math'] = None",
    "errors of numbers": "np.seterr(all='raise')",
    "warnings": "import warnings; warnings.simplefilter('error')",
    "a profile": "import sys; sys.settrace(lambda *_: 1 / 0)",
    "memory": "held = np.empty(400 << 20, np.uint8)",
    "the end of the process": "import os; os._exit(0)",
    "another's name": "import sys; sys.modules['two'] = sys.modules['three'] = None",
    "a reply that nobody asked for": "import os; [os.write(3, b'0' * 99)]",
    "the way to the grader": "import os; os.close(3)",
    "standard output": "import sys; sys.stdout = sys.stderr = None",
    "how deep calls may be": "import sys; sys.setrecursionlimit(60)",
}
# A program, and one that looks at memory that nobody has written to.
NEEDS_MORE = """
import math
import numpy as np
def linear_dx(W, dy):
    held = np.{}(300 << 20, np.uint8)
    def deep(n):
        return n and deep(n - 1)
    deep(100)
    1 / np.zeros(1)[0]
    math.sqrt(len(held) + 2.0)
    return np.asarray(np.matmul(W.T, dy))
"""


@pytest.mark.parametrize("maker", ["zeros", "empty"])
@pytest.mark.parametrize("body", DISTURBANCES.values(), ids=DISTURBANCES)
def test_nobody_loses_points_by_another_file(grader: Grader, body: str, maker: str) -> None:
    needs_more = NEEDS_MORE.format(maker)
    assert (program_in(needs_more) is None) == (maker == "empty")
    source = f"import numpy as np\n{RIGHT}\n{body}\n"
    assert scores(grader, source, needs_more, needs_more)[1:] == [True, True]
    source = f"import numpy as np\ndef linear_dx(W, dy):\n    {body}\n    return W.T @ dy\n"
    assert scores(grader, source, needs_more, needs_more)[1:] == [True, True]


# Honest code, what it leaves behind, and other code that would notice.
LEAVES = {
    "memory": ("big = np.zeros(100 << 17)", "return W.T @ dy"),
    "what is open until it is collected": (
        """
iters = []
def batches(x):
    with np.errstate(divide='ignore'):
        for row in x:
            yield row
""",
        """
    with np.errstate(all='raise'):
        it = batches(W)
        next(it)
        iters.append(it)
        return W.T @ dy
""",
    ),
    "how numbers are printed": (
        "from numpy import *\nset_printoptions(precision=2)",
        "return W.T @ dy",
    ),
    "the same for a while": (
        "held = []\ndef held_open():\n    with np.printoptions(precision=2):\n        yield 1",
        "one = held_open(); next(one); held.append(one); return W.T @ dy",
    ),
    "what is called for errors": (
        "from numpy import *\nseterrcall(lambda *_: 1 / 0)",
        "return W.T @ dy",
    ),
    "last words": (
        """
class Layer:
    def __init__(self): self.self = self
    def __del__(self): print('deleted')
kept = [Layer()]
""",
        "kept.append(Layer()); return W.T @ dy",
    ),
    "output that is caught": ("import io, sys\nsys.stdout = io.StringIO()", "return W.T @ dy"),
    "arguments that are kept": ("seen = []", "seen.append((W, dy)); return W.T @ dy"),
    "depth": ("def deep(n): return n and deep(n - 1)", "deep(500); return W.T @ dy"),
    "what is drawn": ("rng = np.random.default_rng(1)", "np.random.rand(3); return W.T @ dy"),
}
NOTICES = {
    "memory": """
    try:
        big = np.zeros(150 << 17)
    except MemoryError:
        return dy
    return W.T @ dy""",
    "errors of numbers": """
    rows = [[i] for i in range(12000)]
    scale = np.where(dy == 0, 0.0, 1.0 / (dy * 0.0 + 0.0))
    return W.T @ dy""",
    "errors of numbers that it asks for": """
    with np.errstate(all='raise'):
        rows = [[i] for i in range(12000)]
        return W.T @ dy / 0""",
    "errors of numbers that are called": """
    np.seterr(all='call')
    return W.T @ dy / 0""",
    "what it prints": """
    print(-(W.T @ dy) / 3)
    return -(W.T @ dy)""",
    "what is collected": """
    rows = [[i] for i in range(12000)]
    return 5 * (W.T @ dy)""",
    "numbers that are drawn": """
    return W.T @ dy * np.random.rand()""",
}


@pytest.mark.parametrize("notices", NOTICES.values(), ids=NOTICES)
@pytest.mark.parametrize(("head", "body"), LEAVES.values(), ids=LEAVES)
def test_nobody_notices_what_another_file_leaves(
    grader: Grader, head: str, body: str, notices: str
) -> None:
    """Neither in points nor in words nor in what is printed."""
    leaves = f"{HEAD}{head}\ndef linear_dx(W, dy):\n    {body.strip()}\n"
    for before in ("", "np.set_printoptions()\n"):  # in its place, or sorted behind the other
        source = f"{HEAD}{before}def linear_dx(W, dy):{notices}\n"
        submission = Submission("ada", "linear-layer", {"two.py": source})
        alone = grader.exercise_graders("linear-layer")[1].grade(submission, "en")
        _, after_another, _ = grades(grader, leaves, source, "")
        assert after_another == alone


WORKS = """
import time
def work(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
"""
TAKES_LONGER = {
    "by what it counts": "def linear_dx(W, dy):\n    sum(range(3_000_000))\n    return W.T @ dy\n",
    "to load": f"{WORKS}\nwork(2 * {SHARED_LOAD_SECONDS})\n{RIGHT}",
    "in its first call": f"""{WORKS}
calls = []
def linear_dx(W, dy):
    if not calls:
        work(5 * {SHARED_CALL_SECONDS})
    calls.append(W.shape)
    return W.T @ dy
""",
}


@pytest.mark.parametrize("source", TAKES_LONGER.values(), ids=TAKES_LONGER)
def test_who_takes_longer_has_all_the_time_of_others(grader: Grader, source: str) -> None:
    assert scores(grader, RIGHT, source, RIGHT) == [True, True, True]


def test_a_loop_without_end_is_told_by_the_time_of_its_test(grader: Grader) -> None:
    loops = "def linear_dx(W, dy):\n    for _ in iter(int, 1):\n        pass\n"
    alone, _, after_others = grades(grader, loops, RIGHT, loops)
    assert [test.message for test in alone.tests] == [test.message for test in after_others.tests]
    assert "0.2" in alone.tests[0].message


def test_a_program_that_loops_is_waited_for_once(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = counted(monkeypatch)
    loops = "def linear_dx(W, dy):\n    n = 1\n    while n:\n        n += 1\n"
    right, loop = grades(grader, f"{HEAD}{RIGHT}\nother = 'a loop'\n", loops)[:2]
    assert (right.score, loop.score) == (10.0, 0.0)
    assert {test.status for test in loop.tests} == {"timeout"}
    assert len(started) == 2


def test_each_is_loaded_as_in_a_process_of_its_own(grader: Grader) -> None:
    """Modules of the same name, numbers that are drawn, and warnings are there anew."""
    source = f"""
import random, warnings
import numpy as np
import three
print(random.random(), np.random.rand(), three.times, __name__)
three.times += 1
warnings.warn("look")
{RIGHT}"""
    third = f"times = 0\n{RIGHT}"
    one, two, _ = grades(grader, source, source, third)
    assert one.output.replace("one", "two") == two.output
    assert two.output.count("look") == 2  # in public and hidden tests, and it is shown once


# What one file leaves for another, which is wrong without it.
GIFTS = {
    "a new name in numpy": ("np.answer = right", "np.answer"),
    "an old name of numpy": ("np.trace = right", "np.trace"),
    "a name of its linear algebra": ("np.linalg.answer = right", "np.linalg.answer"),
    "a builtin function": ("import builtins; builtins.answer = right", "answer"),
    "a function of a library": ("import math; math.dist = right", "__import__('math').dist"),
    "a module": (
        "import sys, types; sys.modules['gift'] = types.ModuleType('gift'); "
        "sys.modules['gift'].answer = right",
        "__import__('gift').answer",
    ),
}


@pytest.mark.parametrize(("leaves", "uses"), GIFTS.values(), ids=GIFTS)
def test_nobody_gains_points_by_what_another_file_leaves(
    grader: Grader, leaves: str, uses: str
) -> None:
    giver = (
        f"import numpy as np\n{RIGHT.replace('linear_dx', 'right')}linear_dx = right\n{leaves}\n"
    )
    taker = f"import numpy as np\ndef linear_dx(W, dy):\n    return {uses}(W, dy)\n"
    assert scores(grader, giver, taker, RIGHT) == [True, False, True]
    at_home = f"{giver}\ndef linear_dx(W, dy):\n    return {uses}(W, dy)\n"
    assert scores(grader, RIGHT, at_home, RIGHT) == [True, True, True]


NO_DOT, NO_LOOPS = ((None, ("numpy.dot",)), (None, ("for",)))
BREAKS = f"{SAYS_WHO}\nanother = np.dot\n"


def with_rules(grader: Grader, monkeypatch: pytest.MonkeyPatch, *rules: Sequence[Rule]) -> None:
    for one, of_one in zip(grader.exercise_graders("linear-layer"), rules, strict=True):
        tests = tuple(
            SourceTest(
                name=f"rule-{n}", visibility="public", parts=(), imports=imports, forbid=words
            )
            for n, (imports, words) in enumerate(of_one)
        )
        ruled = replace(one.exercise, tests=(*one.exercise.tests, *tests))
        monkeypatch.setattr(one, "exercise", ruled)
        monkeypatch.delitem(vars(one), "rules", raising=False)


def test_one_process_for_those_with_the_same_rules_for_the_source(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_rules(grader, monkeypatch, [NO_DOT], [NO_DOT], [NO_DOT])
    first, second, third = [processes(one) for one in grades(grader, *[SAYS_WHO] * 3)]
    assert first == second == third


def test_who_breaks_a_rule_shares_with_nobody_who_has_it(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However well the code hides what it leaves."""
    with_rules(grader, monkeypatch, [NO_DOT], [NO_DOT], [])
    first, second, third = [processes(one) for one in grades(grader, BREAKS, SAYS_WHO, SAYS_WHO)]
    assert not set(first) & set(second)
    assert third == second
    first, second, third = [processes(one) for one in grades(grader, "1 / 0", SAYS_WHO, SAYS_WHO)]
    assert second == third


def test_with_rules_for_the_source_nobody_was_there_before_who_has_others(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_rules(grader, monkeypatch, [NO_DOT], [NO_LOOPS, NO_DOT], [NO_LOOPS])
    first, second, third = [processes(one) for one in grades(grader, *[SAYS_WHO] * 3)]
    assert first == second  # which came first
    assert not set(first) & set(third)


def test_without_rules_for_the_source_anybody_may_have_been_there(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_rules(grader, monkeypatch, [NO_DOT], [], [NO_LOOPS])
    first, second, third = [processes(one) for one in grades(grader, *[SAYS_WHO] * 3)]
    assert not set(first) & set(third)
    assert second == third


def test_a_rule_is_told_by_what_it_says(grader: Grader, monkeypatch: pytest.MonkeyPatch) -> None:
    """What may be imported counts as well as what is forbidden."""
    rules: list[Rule] = [(("numpy", "os"), ()), (("numpy",), ()), (("numpy", "os"), ("eval",))]
    with_rules(grader, monkeypatch, *([rule] for rule in rules))
    first, second, third = [processes(one) for one in grades(grader, *[SAYS_WHO] * 3)]
    assert len({*first, *second, *third}) == 6


def test_calls_may_be_as_deep_as_in_a_new_process(grader: Grader) -> None:
    deeper = f"import sys; sys.setrecursionlimit(90_000)\n{RIGHT}"
    deep = "def linear_dx(W, dy, n=9000):\n    return linear_dx(W, dy, n - 1) if n else W.T @ dy\n"
    assert scores(grader, deeper, deep, RIGHT) == [True, False, True]


def test_what_is_right_by_another_file_alone_does_not_help_what_is_wrong(grader: Grader) -> None:
    assert scores(grader, RIGHT, WRONG, RIGHT) == [True, False, True]
    assert scores(grader, WRONG, RIGHT, WRONG) == [False, True, False]
    assert scores(grader, "1 / 0", RIGHT, "def") == [False, True, False]


def test_public_processes_have_ended_before_hidden_tests(grader: Grader) -> None:
    """Also those of answers that are run again."""
    keeps = """
import os, numpy as np
seen = 0
def linear_dx(W, dy):
    global seen
    seen += 1
    print("call", os.getpid())
    return {}
"""
    public = 4  # calls of public tests: the worked example and three cases
    for signs in (("W.T @ dy",) * 3, ("W.T @ dy", "-(W.T @ dy)", "W.T @ dy")):
        given = grades(grader, *(keeps.format(one) for one in signs))
        lists = [one.output.split("call")[1:] for one in given]
        asked_first = {pid for one in lists for pid in one[:public]}
        assert not asked_first & {pid for one in lists for pid in one[public:]}


LIMITS = Limits(wall_seconds=60.0, memory_mib=256, output_kib=1)


def test_a_lent_process_goes_on_until_another_is_asked_for() -> None:
    with Sandbox("sandbox", LIMITS) as sandbox:
        one = sandbox.lend()
        assert one.is_first
        one.load("a", {"a.py": "import os\nf = os.getpid\nprint('a' * 2000)"})
        first = one.call("f", ())
        assert one.output() == "a" * 1024
        two = sandbox.lend()
        assert not two.is_first
        assert isinstance(two.call("f", ()), Returned)  # the module is there until the next
        two.load("b", {"b.py": "import os\ng = os.getpid\nprint('b')"})
        second = two.call("g", ())
        assert isinstance(first, Returned)
        assert isinstance(second, Returned)
        assert first.value == second.value
        assert two.output() == "b\n"
        with sandbox.session() as three:
            assert three.is_first
        four = sandbox.lend()
        assert four.is_first
        assert not isinstance(four.load("c", {"c.py": "import a"}), Died)


def test_who_was_not_done_is_not_followed() -> None:
    """A process is lent on after its output was taken alone: else it may be at anything."""
    with Sandbox("sandbox", LIMITS) as sandbox:
        sandbox.lend()
        assert sandbox.lend().is_first
        three = sandbox.lend()
        assert isinstance(three.load("d", {"d.py": "import os; os._exit(3)"}), Died)
        three.output()
        assert sandbox.lend().is_first


def test_modules_of_another_exercise_are_gone() -> None:
    with Sandbox("sandbox", LIMITS) as sandbox:
        one = sandbox.lend()
        one.load("a", {"a.py": "import h.i, json", "h/i.py": "x = 1"})
        one.output()
        two = sandbox.lend()
        loaded = two.load("b", {"b.py": "import json\nimport h.i"})
        assert isinstance(loaded, Raised)
        assert loaded.exception.type_name == "ModuleNotFoundError"


# Replaces the method of the process's server that makes calls, in words that look harmless.
TAKES_OVER = """
def climb():
    frame = climber.gi_frame
    while True:
        server = frame.f_locals.get("self")
        if type(server).__name__ == "Server":
            yield type(server)
        frame = frame.f_back
climber = climb()
Server = next(climber)
before = Server._call
def call(self, request):
    if self._module.__name__ == "two":
        print("taken over")
        self._module.linear_dx = lambda W, dy: W.T @ dy
    return before(self, request)
Server._call = call
"""


@pytest.mark.parametrize("sign", ["", "-"])
def test_what_was_taken_over_is_not_what_the_same_program_of_others_gets(
    grader: Grader, sign: str
) -> None:
    two = f"import numpy as np\ndef linear_dx(W, dy):\n    return {sign}(W.T @ dy) # {sign}\n"
    eve = [f"import numpy as np\n{RIGHT}\n{TAKES_OVER}", two]
    assert leaves_alone(eve[0])
    assert "taken over" in grades(grader, *eve)[1].output  # or this shows nothing
    grades(grader, *eve)  # when it comes again, it is run alone
    for _ in range(3):
        ada = grades(grader, "", two)[1]
        assert ada.output == ""
        assert (ada.score == ada.max_score) == (not sign)
