"""The levels of isolation: what they need, and what they do where they do not have it."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from autograder.errors import MachineError
from autograder.sandbox import landlock
from autograder.sandbox.host import Sandbox
from autograder.sandbox.levels import CONFINED, DROPPED, LIMITED, require_level
from autograder.sandbox.limits import Limits
from tests.security import jail
from tests.security.attack_class import (
    HONEST,
    SCORES,
    SECRETS,
    Class,
    command,
    forbidden,
    make_class,
)

ROOT = Path(__file__).parents[2]
CONTAINER = str(ROOT / "tests" / "security" / "container.py")
NOBODY = 65534
# One of each kind: reading, signals, processes, memory, network, leaving something.
ATTACKS = [
    "reading/solution",
    "reading/home_and_shadow",
    "others/kill",
    "others/trace",
    "exhausting/fork_bomb",
    "exhausting/memory",
    "network/tcp",
    "network/unix",
    "kernel/identity",
    "leftovers/files",
    "leftovers/system_v",
]


def graded_with(
    namespaces: list[str], folder: Path, prefix: list[str], python: str = sys.executable
) -> Class:
    """The honest class and some attackers, graded by the command behind ``prefix``."""
    make_class(folder, ATTACKS)
    folder.chmod(0o777)
    commands = [
        [*prefix, python, *command(submissions, out)[1:]]
        for submissions, out in (("honest", "alone"), ("submissions", "grades"))
    ]
    # Where an ordinary user grades, the earlier grades are theirs.
    shutil.rmtree(folder / "alone")
    jail.run_in_jail(namespaces, folder, commands, seconds=120)
    return Class(folder)


def check(graded: Class) -> None:
    """The attackers have achieved nothing, and everybody has the right grade."""
    assert graded.together["returncode"] == 0, graded.together["stderr"]
    assert graded.together["after"] == graded.together["before"]
    assert graded.together["contacts"] == []
    for attack in ATTACKS:
        exercise = graded.exercise(attack)
        assert exercise["score"] == 0
        assert not [secret for secret in SECRETS if secret in exercise["output"]]
        assert not forbidden(attack, exercise["output"])
        assert exercise["tests"][0]["status"] in ("failed", "error", "timeout"), attack
    for name in HONEST:
        grade = graded.grade(name)
        assert grade["score"] == SCORES[name]
        assert grade["isolation"] == "sandbox"
        assert tuple(grade["enforced"]) == CONFINED + LIMITED
        assert grade == graded.grade(name, "alone")


def test_in_a_container_with_the_default_filter(namespaces: list[str], tmp_path: Path) -> None:
    """Which leaves it no rights that the sandbox could not do without."""
    check(graded_with(namespaces, tmp_path, [sys.executable, CONTAINER]))


def test_where_user_namespaces_are_forbidden(namespaces: list[str], tmp_path: Path) -> None:
    forbid = 'echo 0 > /proc/sys/user/max_user_namespaces && ! unshare --user true && exec "$@"'
    shell = ["unshare", "--user", "--map-root-user", "sh", "-c"]
    if subprocess.run([*shell, "true"], capture_output=True).returncode:
        pytest.skip("user namespaces are forbidden here: the other tests show that none is needed")
    check(graded_with(namespaces, tmp_path, [*shell, forbid, "sh"]))


@pytest.mark.skipif(os.geteuid() != 0, reason="everything else is run as an ordinary user already")
@pytest.mark.parametrize(
    "hide",
    ["", "mount -t proc -o hidepid=2 proc /proc && "],
    ids=["", "where processes are hidden"],
)
def test_as_an_ordinary_user(namespaces: list[str], tmp_path: Path, hide: str) -> None:
    become = (
        "import os, sys; os.setgroups([]); os.setgid({0}); os.setuid({0}); "
        "os.environ['PYTHONPATH'] = {1!r}; os.execv(sys.argv[1], sys.argv[1:])"
    ).format(NOBODY, os.pathsep.join((sysconfig.get_path("purelib"), str(ROOT))))
    python = readable_interpreter()
    prefix = ["unshare", "--mount", "sh", "-c", f'{hide}exec "$@"', "sh"]
    check(graded_with(namespaces, tmp_path, [*prefix, sys.executable, "-c", become], python))


def readable_interpreter() -> str:
    """An interpreter of this version that every user may run."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (os.path.realpath(sys.executable), f"/usr/bin/{name}", shutil.which(name)):
        if candidate:
            try:
                subprocess.run([candidate, "-c", ""], user=NOBODY, check=True, capture_output=True)
            except (OSError, subprocess.CalledProcessError):
                continue
            return candidate
    pytest.skip("no interpreter of this version that an ordinary user may run")


# What the machine lacks, and the one line that says so


def grade_in_container(tmp_path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    make_class(tmp_path, [])
    return subprocess.run(
        [
            *(sys.executable, CONTAINER, *options, sys.executable, "-m", "autograder", "grade"),
            *(str(tmp_path / "honest"), "--out", str(tmp_path / "out")),
            *("--course", str(tmp_path / "course")),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_without_landlock_it_is_one_line_with_the_mend(tmp_path: Path) -> None:
    done = grade_in_container(tmp_path, "without-landlock")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "needs Landlock ABI 6 (Linux 6.12)" in done.stderr
    assert "--isolation process if you trust the submissions" in done.stderr
    assert not (tmp_path / "out").exists()


def test_limits_that_the_machine_does_not_grant_are_one_line(tmp_path: Path) -> None:
    make_class(tmp_path, [])
    config = tmp_path / "course" / "config.yaml"
    config.write_text(config.read_text().replace("limits: {", "limits: {file_size_mib: 200, "))
    done = subprocess.run(
        [
            *("sh", "-c", 'ulimit -f 100000 && exec "$@"', "sh"),
            *(sys.executable, "-m", "autograder", "grade", str(tmp_path / "honest")),
            *("--out", str(tmp_path / "out"), "--course", str(tmp_path / "course")),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr == (
        "error: the sandbox cannot confine a process: not allowed to raise maximum limit\n"
    )


def test_the_level_sandbox_needs_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(MachineError, match="needs Linux; choose a weaker level"):
        require_level("sandbox")
    require_level("process")


def test_the_level_sandbox_needs_a_known_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(MachineError, match="x86_64, aarch64, not of riscv64; choose"):
        require_level("sandbox")


def test_the_level_sandbox_needs_a_recent_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "abi_version", lambda: 4)
    with pytest.raises(MachineError, match=r"needs Landlock ABI \d+ .*, this kernel has 4; choose"):
        require_level("sandbox")


def test_the_level_process_says_that_it_only_limits() -> None:
    assert Sandbox("process", Limits()).enforced == LIMITED


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to give up")
@pytest.mark.parametrize("way", ["open", "closed"])
def test_the_level_process_gives_up_the_rights_of_root(namespaces: list[str], way: str) -> None:
    """Where Python can be read by anybody; where it cannot, the grade does not say so."""
    done = subprocess.run(
        [*namespaces, sys.executable, "-m", "tests.security.as_nobody", way],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    for answer in map(json.loads, said["answers"]):
        if way == "closed":
            assert 0 in answer["users"]
            assert answer["reads"] == "done"
            continue
        assert answer.pop("users") == [65534]
        assert set(answer.values()) == {"PermissionError"}, answer
    assert (DROPPED in said["enforced"]) == (way == "open")


def test_sessions_leave_no_descriptor_behind() -> None:
    counts = []
    with Sandbox("sandbox", Limits()) as sandbox:
        for _ in range(230):
            with sandbox.session() as session:
                session.load("work", {"work.py": ""})
            counts.append(len(os.listdir("/proc/self/fd")))
    assert max(counts[120:]) <= max(counts[:120]) + 2
