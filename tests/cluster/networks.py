"""Networks of their own for a scheduler and its workers, as if each were another machine."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator

import pytest

HUB = "10.77.0.1"
"""The scheduler's address."""


@contextlib.contextmanager
def networks(count: int) -> Iterator[tuple[list[str], list[list[str]]]]:
    """The command that runs another in the scheduler's network, and those for ``count`` others,
    which reach the scheduler and nothing else. Skips the test where they cannot be made: that needs
    root, and ip(8)."""
    holders: list[subprocess.Popen[bytes]] = []
    try:
        try:
            inside = [_network(holders) for _ in range(count + 1)]
            hub, others = inside[0], inside[1:]
            _ip(hub, "link add bridge type bridge")
            _ip(hub, f"addr add {HUB}/16 dev bridge")
            for name in ("lo", "bridge"):
                _ip(hub, f"link set {name} up")
            for number, other in enumerate(others, start=1):
                holder = holders[number].pid
                _ip(hub, f"link add w{number} type veth peer name eth0 netns {holder}")
                _ip(hub, f"link set w{number} master bridge up")
                _ip(other, f"addr add 10.77.1.{number}/16 dev eth0")
                for name in ("lo", "eth0"):
                    _ip(other, f"link set {name} up")
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"networks cannot be made here: {error}")
        yield hub, others
    finally:
        for one in holders:  # with whom the networks go
            one.kill()
            one.communicate()


def _network(holders: list[subprocess.Popen[bytes]]) -> list[str]:
    """The command that runs another in a new network, which is there as long as its holder."""
    for program in ("unshare", "nsenter", "ip"):
        if shutil.which(program) is None:
            raise OSError(f"there is no {program}")
    holder = subprocess.Popen(
        ["unshare", "--net", "sh", "-c", "echo && exec cat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    holders.append(holder)
    assert holder.stdout is not None
    if not holder.stdout.readline():
        raise OSError("unshare --net is forbidden")
    return ["nsenter", f"--net=/proc/{holder.pid}/ns/net"]


def _ip(inside: list[str], command: str) -> None:
    subprocess.run([*inside, "ip", *command.split()], check=True, capture_output=True)
