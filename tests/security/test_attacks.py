"""Attacks by students, one submission each, graded together with an honest class.

Of each is checked that it gains no points, that it learns nothing secret, that the rest of the
class is graded as without it, and that the machine is afterwards as it was before. The attacks
run in namespaces of their own (see :mod:`tests.security.jail`), where they could do no harm if
the sandbox failed.

The docstring of an attack says what it tries. Comments below it say how it ends (``ends:``, by
default ``failed``: it returned nothing or something wrong), how many points it deserves for what
it does right besides (``deserves:``, by default 0), and what it may get done that helps nobody
(``may:``).
"""

from __future__ import annotations

import fcntl
import re
from pathlib import Path

import pytest

from tests.security import jail
from tests.security.attack_class import (
    ATTACKS,
    ENDS,
    HIDDEN_INPUT,
    HONEST,
    SCORES,
    SECRETS,
    Class,
    command,
    deserves,
    forbidden,
    make_class,
    note,
    student,
)


@pytest.fixture(scope="session")
def graded(
    tmp_path_factory: pytest.TempPathFactory, worker_id: str, namespaces: list[str]
) -> Class:
    """All attacks, graded in one run; once, however many processes run the tests."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "class-under-attack"
    folder.mkdir(exist_ok=True)
    with open(folder.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "report.json").exists():
            make_class(folder, list(ATTACKS))
            commands = [command("honest", "alone"), command("submissions", "grades")]
            jail.run_in_jail(namespaces, folder, commands, seconds=280)
    return Class(folder)


def test_there_are_enough_attacks() -> None:
    assert len(ATTACKS) >= 100


@pytest.mark.parametrize("attack", ATTACKS)
def test_gains_nothing(graded: Class, attack: str) -> None:
    exercise = graded.exercise(attack)
    assert exercise["score"] == deserves(attack)
    assert exercise["max_score"] == 20


@pytest.mark.parametrize("attack", ATTACKS)
def test_ends_as_it_should(graded: Class, attack: str) -> None:
    """And so it did what it is meant to do, and did not fail for another reason."""
    default = "passed" if deserves(attack) else "failed"
    status, message = ENDS[note(attack, "ends", default)]
    public = graded.exercise(attack)["tests"][0]
    if attack.startswith("exhausting/") and public["status"] == "timeout":
        return  # on a busy machine, time may be used up before what the attack is after
    assert public["status"] == status, public
    assert re.search(message, public["message"]), public


@pytest.mark.parametrize("attack", ATTACKS)
def test_learns_nothing(graded: Class, attack: str) -> None:
    exercise = graded.exercise(attack)
    # Messages about hidden tests are the instructor's: they tell what was expected.
    public = [test["message"] for test in exercise["tests"] if test["visibility"] == "public"]
    learned = "\n".join([exercise["output"], *public])
    assert [secret for secret in SECRETS if secret in learned] == []
    assert HIDDEN_INPUT not in "".join(public)
    assert "scanned too little" not in exercise["output"]
    assert not forbidden(attack, exercise["output"]), exercise["output"]


@pytest.mark.parametrize("name", HONEST)
def test_the_rest_of_the_class_is_graded_as_without_it(graded: Class, name: str) -> None:
    grade = graded.grade(name)
    assert grade == graded.grade(name, "alone")
    assert grade["score"] == SCORES[name]
    summaries = [(graded.folder / out / "summary.csv").read_text() for out in ("alone", "grades")]
    rows = [[line for line in text.splitlines() if name in line] for text in summaries]
    assert rows[0] == rows[1] != []


def test_everybody_has_a_grade(graded: Class) -> None:
    assert graded.together["returncode"] == 0
    assert graded.together["stderr"] == ""
    have = {path.parent.name for path in (graded.folder / "grades").glob("*/layer.json")}
    assert have == {*HONEST, *map(student, ATTACKS)}


def test_the_machine_is_as_before(graded: Class) -> None:
    assert graded.together["after"] == graded.together["before"]
    assert graded.together["contacts"] == []


def test_nothing_secret_leaves(graded: Class) -> None:
    """Not on the terminal, not in any file of any attacker."""
    for text in (graded.together["stdout"], graded.together["stderr"]):
        assert "CANARY-" not in text
    for path in (graded.folder / "grades").rglob("*"):
        if path.is_file():
            assert "CANARY-" not in path.read_text("utf-8"), path


def test_nothing_is_left_between_the_files(graded: Class) -> None:
    left = {path.name for path in graded.folder.iterdir()}
    assert left == {
        *("course", "honest", "submissions", "alone", "grades", "request.json", "report.json")
    }
    out = {path.name for path in (graded.folder / "grades").iterdir()}
    assert out == {".submissions", "files.csv", "summary.csv", *HONEST, *map(student, ATTACKS)}


def test_the_attacks_succeed_where_nothing_stops_them(
    tmp_path: Path, namespaces: list[str]
) -> None:
    """Otherwise they would prove nothing: at the level ``process`` they find what they look for."""
    attacks = ["reading/solution", "reading/home_and_shadow", "reading/other_submission",
               "network/tcp", "network/unix", "leftovers/system_v", "leftovers/files"]  # fmt: skip
    make_class(tmp_path, attacks)
    commands = [command("honest", "alone"), command("submissions", "grades", "--isolation=process")]
    jail.run_in_jail(namespaces, tmp_path, commands, seconds=120)
    graded = Class(tmp_path)
    learned = {attack: graded.exercise(attack)["output"] for attack in attacks}
    assert "CANARY-solution" in learned["reading/solution"]
    assert jail.HOME_SECRET in learned["reading/home_and_shadow"]
    assert "CANARY-student" in learned["reading/other_submission"]
    assert "GOT shmget" in learned["leftovers/system_v"]
    assert len(graded.together["contacts"]) == 3
    before, after = graded.together["before"], graded.together["after"]
    assert before["ipc"] != after["ipc"]
    assert "/tmp/left-by-eve" in after["files"]
