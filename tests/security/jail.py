"""Runs commands where attacks can do no harm, and tells what they left behind.

Started by :func:`run_in_jail` as the first process of PID, mount, IPC and network namespaces of
its own: what it starts ends with it, and it sees empty folders in place of ``/tmp`` and its kind.
The class is at ``/srv/class``, where the attackers expect it.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import select
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

CLASS = Path("/srv/class")
PORT = 45454
HOME_SECRET = "CANARY-home-90ac"
ENVIRONMENT_SECRET = "CANARY-environment-77d0"

_COVERED = ("/tmp", "/var/tmp", "/dev/shm", "/run", "/home", "/srv")
_MS_BIND, _MS_REC = 4096, 16384
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1
_NAMESPACES = ("--fork", "--kill-child", "--pid", "--mount", "--mount-proc", "--ipc", "--net")


def unshare() -> list[str] | None:
    """The command that starts another in namespaces of its own; None where that is forbidden."""
    program = shutil.which("unshare")
    for rights in ((), ("--user", "--map-root-user")):
        command = [program or "", *rights, *_NAMESPACES]
        if program and subprocess.run([*command, "true"], capture_output=True).returncode == 0:
            return command
    return None


def run_in_jail(
    namespaces: Sequence[str], folder: Path, commands: Sequence[Sequence[str]], seconds: float
) -> Any:
    """Run the commands one after the other with ``folder`` at ``/srv/class``; the report on
    each: ``returncode``, ``stdout``, ``stderr``, the machine ``before`` and ``after``, and
    ``contacts``, the listeners of this machine that were spoken to."""
    request, report = folder / "request.json", folder / "report.json"
    request.write_text(json.dumps({"folder": str(folder), "commands": commands}))
    done = subprocess.run(
        [*namespaces, sys.executable, "-m", "tests.security.jail", str(request), str(report)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(report.read_text())


def main(request: Path, report: Path) -> None:
    wanted = json.loads(request.read_text())
    handle = os.open(report.parent, os.O_PATH)
    kept = [Path(__file__).parents[2], Path(sys.prefix), Path(sys.base_prefix)]
    _cover({path: os.open(path, os.O_PATH) for path in kept})
    CLASS.mkdir()
    mount(f"/proc/self/fd/{handle}", CLASS, flags=_MS_BIND | _MS_REC)
    home = Path("/home/prof")
    (home / ".ssh").mkdir(parents=True)
    (home / "secret.txt").write_text(HOME_SECRET)
    (home / ".ssh" / "id_rsa").write_text(HOME_SECRET)
    environment = os.environ | {
        "HOME": str(home),
        "TOKEN": ENVIRONMENT_SECRET,
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    with _listeners() as listeners:
        runs = [_run(command, environment, listeners) for command in wanted["commands"]]
    (CLASS / report.name).write_text(json.dumps(runs))


def _run(
    command: Sequence[str], environment: dict[str, str], listeners: list[socket.socket]
) -> dict[str, Any]:
    before = machine()
    done = subprocess.run(
        command,
        cwd="/",
        env=environment,
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    end = time.monotonic() + 10
    while (after := machine()) != before and time.monotonic() < end:
        time.sleep(0.05)
    return {
        "returncode": done.returncode,
        "stdout": done.stdout.decode("utf-8", "backslashreplace"),
        "stderr": done.stderr.decode("utf-8", "backslashreplace"),
        "before": before,
        "after": after,
        "contacts": [repr(one) for one in select.select(listeners, [], [], 0)[0]],
    }


def machine() -> dict[str, list[str]]:
    """Everything that an attack could leave: processes, files, shared memory, sockets, mounts."""
    return {
        "processes": sorted(_processes()),
        "files": sorted(_files()),
        "ipc": sorted(_lines("/proc/sysvipc/shm", "/proc/sysvipc/sem", "/proc/sysvipc/msg")),
        "sockets": sorted(_lines("/proc/net/tcp", "/proc/net/tcp6", "/proc/net/udp")),
        "mounts": sorted(_lines("/proc/self/mounts")),
        "name": [socket.gethostname()],
    }


def _processes() -> Iterator[str]:
    """Those that live. Who has ended may wait for the first process to be told."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            name, _, rest = (folder / "stat").read_text().rpartition(")")
            if rest.split()[0] != "Z":
                yield f"{folder.name} {name.partition('(')[2]}"


def _files() -> Iterator[str]:
    kept = (str(Path(__file__).parents[2]), sys.prefix, sys.base_prefix, str(CLASS))
    for root in _COVERED:
        for folder, folders, files in os.walk(root):
            folders[:] = [name for name in folders if os.path.join(folder, name) not in kept]
            yield from (os.path.join(folder, name) for name in (*folders, *files))


def _lines(*paths: str) -> Iterator[str]:
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            yield from (" ".join(line.split()[:4]) for line in Path(path).read_text().splitlines())


def _cover(kept: dict[Path, int]) -> None:
    """Put an empty folder in place of each that all may write to or that is private."""
    for root in _COVERED:
        mount("none", Path(root), kind="tmpfs", options="size=256m,mode=1777")
        for path, descriptor in kept.items():
            if path.is_relative_to(root):
                path.mkdir(parents=True, exist_ok=True)
                mount(f"/proc/self/fd/{descriptor}", path, flags=_MS_BIND | _MS_REC)


def mount(source: str, target: Path, *, kind: str = "", flags: int = 0, options: str = "") -> None:
    """See mount(2)."""
    libc = ctypes.CDLL(None, use_errno=True)
    arguments = [text.encode() for text in (source, str(target), kind)]
    if libc.mount(*arguments, ctypes.c_ulong(flags), options.encode()):
        raise OSError(ctypes.get_errno(), f"mount {target}: {os.strerror(ctypes.get_errno())}")


def unmount(target: Path) -> None:
    """See umount(2)."""
    if ctypes.CDLL(None, use_errno=True).umount2(str(target).encode(), 0):
        raise OSError(ctypes.get_errno(), f"umount {target}")


@contextlib.contextmanager
def _listeners() -> Iterator[list[socket.socket]]:
    """Sockets on this machine that wait to be spoken to."""
    with contextlib.ExitStack() as stack:
        tcp, udp = (
            stack.enter_context(socket.socket(socket.AF_INET, kind))
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)
        )
        fcntl.ioctl(tcp, _SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", _IFF_UP))
        local, abstract = (stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(2))
        for listener, address in (
            (tcp, ("127.0.0.1", PORT)),
            (udp, ("127.0.0.1", PORT)),
            (local, "/tmp/listener"),
            (abstract, "\0listener"),
        ):
            listener.bind(address)
            if listener is not udp:
                listener.listen()
        yield [tcp, udp, local, abstract]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
