"""Asks student code at the level ``process``, started by root, who it is and what it may do.

Started in namespaces of its own, where folders on the way to Python are open to everybody unless
``closed`` is said: an installation in root's home cannot be read by anybody else.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from autograder.sandbox.host import Sandbox
from autograder.sandbox.limits import Limits
from autograder.sandbox.protocol import Returned
from tests.security import jail

STUDENT = """
import os, signal
def tried(what):
    try:
        what()
    except OSError as error:
        return type(error).__name__
    return "done"
def who(secret, *_):
    import json
    users = sorted({*os.getresuid(), *os.getresgid()})
    return json.dumps({"users": users, "reads": tried(lambda: open(secret).read())})
def ask(secret, folder, grader):
    import json, decimal, numpy.ma  # read from the disk only now
    return json.dumps({
        "users": sorted({*os.getresuid(), *os.getresgid(), *os.getgroups()}),
        "reads": tried(lambda: open(secret).read()),
        "lists": tried(lambda: os.listdir(folder)),
        "writes": tried(lambda: open(folder + "/new", "w")),
        "renames": tried(lambda: os.rename(secret, secret + ".old")),
        "changes mode": tried(lambda: os.chmod(secret, 0o777)),
        "becomes root": tried(lambda: os.setuid(0)),
        "becomes root's group": tried(lambda: os.setgid(0)),
        "joins root's groups": tried(lambda: os.setgroups([0])),
        "kills the grader": tried(lambda: os.kill(grader, signal.SIGKILL)),
        "kills its parent": tried(lambda: os.kill(os.getppid(), signal.SIGKILL)),
        "is more important": tried(lambda: os.setpriority(os.PRIO_PROCESS, 0, -5)),
        "reads memory": tried(lambda: open(f"/proc/{grader}/mem", "rb")),
        "reads environment": tried(lambda: open(f"/proc/{grader}/environ", "rb").read()),
        "makes devices": tried(lambda: os.mknod("/tmp/device", 0o020666, os.makedev(1, 1))),
        "changes the root": tried(lambda: os.chroot("/tmp")),
    })
"""


def main(closed: bool) -> None:
    home = _open_the_way(closed)
    secret = home / "secret"
    secret.write_text("secret")
    secret.chmod(0o600)
    with Sandbox("process", Limits()) as sandbox:
        answers = []
        for _ in range(2):
            with sandbox.session() as session:
                session.load("work", {"work.py": STUDENT})
                answer = session.call(
                    "who" if closed else "ask", [str(secret), str(home), os.getpid()]
                )
                assert isinstance(answer, Returned), answer
                answers.append(getattr(answer.value, "value", None))
        print(json.dumps({"answers": answers, "enforced": sandbox.enforced}))


def _open_the_way(closed: bool) -> Path:
    """Cover what only its owner may enter; a folder that only root may enter."""
    kept = {Path(one) for one in (sys.base_prefix, sys.prefix, Path(__file__).parents[2])}
    handles = {path: os.open(path, os.O_PATH) for path in sorted(kept)}
    tops = {Path("/", path.parts[1]) for path in kept}
    for top in {*tops, Path("/srv")}:
        mode = "700" if closed or top == Path("/srv") else "755"
        jail.mount("none", top, kind="tmpfs", options=f"size=64m,mode={mode}")
        for path, handle in handles.items():
            if path.is_relative_to(top):
                path.mkdir(parents=True, exist_ok=True)
                jail.mount(f"/proc/self/fd/{handle}", path, flags=4096 | 16384)
    return Path("/srv")


if __name__ == "__main__":
    main(sys.argv[1:] == ["closed"])
