"""The warm process: imports numpy once, then forks a confined child per submission.

Reads from the control socket (descriptor 0) a :class:`Spawn` with the child's
descriptors attached, forks, and reports the child's end. It never sees a hidden
test, an input or a result, so there is nothing in its memory for a child to find.
Asked to (:data:`FORK`), it forks another warm process, with a control socket of its own.

Runs inside the sandbox, sent by the grader; Linux only.
"""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import select
import signal
import socket
import sys

import msgspec

# Imported here for every child: numpy loads these lazily, which takes longer than a test.
import numpy.fft
import numpy.linalg
import numpy.random

from autograder.sandbox import child, leftovers
from autograder.sandbox.control import FORK, KILL, MAX_CONTROL, Exited, Ready, Spawn
from autograder.sandbox.landlock import Ruleset, renounce_new_privileges
from autograder.sandbox.memory import keep_freed_memory, leave_no_holes
from autograder.sandbox.seccomp import PreparedFilter

CONTROL = 0
_CHANNEL = 3
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
# The user and group "nobody", to whom nothing belongs.
_NOBODY = 65534


class Confinement:
    """How children narrow themselves, worked out before they are forked."""

    def __init__(self, readable: list[str]) -> None:
        self.ruleset = Ruleset(readable)
        self.filter = PreparedFilter()


def main(readable: list[str] | None, around: list[str] | None) -> None:
    """Serve until the control socket is closed.

    ``readable`` are the paths that student code may read; None leaves children
    unconfined (the level ``process``). ``around`` are those that this process may read from
    now on, where nothing has confined it yet.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if readable is not None:
        renounce_new_privileges()
    own = None if around is None else Ruleset(around)
    if own is not None:
        own.enter()
    confinement = None if readable is None else Confinement(readable)
    _become_a_parent(libc)
    if confinement is not None:
        _drop_capabilities(libc)
    # Made here, for every child: they write to whatever their descriptors are by then.
    child.open_output()
    child.keep_axes()
    keep_freed_memory()
    child.rehearse()
    child.restorers += leftovers.restorers()
    gc.collect()
    leave_no_holes()
    gc.freeze()
    gc.set_threshold(10_000)  # most children end before there is anything to collect
    control = socket.socket(fileno=CONTROL)
    server = child.Server(_CHANNEL, _CHANNEL)
    drops_user = confinement is None and _can_be_nobody()
    while _serve(control, libc, confinement, server, drops_user):
        # This is the fork that was asked for. A Landlock domain of its own, lest it end
        # its siblings with what a child left running.
        _become_a_parent(libc)
        if own is not None:
            own.enter()
    _wait_for_forks()
    os._exit(0)


def _serve(
    control: socket.socket,
    libc: ctypes.CDLL,
    confinement: Confinement | None,
    server: child.Server,
    drops_user: bool,
) -> bool:
    """Do what is asked until the control socket is closed, which then returns False. In a
    fork, whose control socket has taken the place of its parent's, it returns True."""
    control.send(msgspec.msgpack.encode(Ready(os.getpid(), drops_user)))
    is_limited = False
    while True:
        try:
            message, descriptors, _, _ = socket.recv_fds(control, MAX_CONTROL, 2)
        except ConnectionResetError:  # it was closed without having been read
            return False
        if not message:
            return False
        if message == KILL:  # for a child that had just ended by itself
            continue
        if message == FORK:
            (theirs,) = descriptors
            is_fork = os.fork() == 0
            if is_fork:
                os.dup2(theirs, CONTROL)
            os.close(theirs)
            if is_fork:
                return True
            continue
        spawn = msgspec.msgpack.decode(message, type=Spawn)
        if not is_limited:
            try:
                _limit_all(spawn, libc)
            except (OSError, ValueError) as error:  # this machine grants less
                _give_reason(descriptors[1], error)
                return False
            is_limited = True
        pid = os.fork()
        if pid == 0:
            _run_child(spawn, descriptors, libc, confinement, server, drops_user)
        for descriptor in descriptors:
            os.close(descriptor)
        exited = _wait(pid, control, confined=confinement is not None)
        if exited is None:
            return False
        control.send(msgspec.msgpack.encode(exited))


def _become_a_parent(libc: ctypes.CDLL) -> None:
    """End when the parent does, and be the parent of what children leave running."""
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _wait_for_forks() -> None:
    """Forks end with their own control sockets; as long as one runs, it needs its parent."""
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    """Where root grades, its processes of student code are not to have root's powers: should
    a rule of the sandbox have a hole, what is behind it asks for a capability. See capset(2)."""
    version_3 = 0x20080522
    header = (ctypes.c_uint32 * 2)(version_3, 0)
    if libc.capset(header, (ctypes.c_uint32 * 6)()):
        raise OSError(ctypes.get_errno(), "cannot give up capabilities")


def _become_nobody() -> None:
    """Give up root's rights for good, and with them all capabilities."""
    os.setgroups([])
    os.setresgid(_NOBODY, _NOBODY, _NOBODY)
    os.setresuid(_NOBODY, _NOBODY, _NOBODY)


def _can_be_nobody() -> bool:
    """Whether this is root, there is a user to become, and that one can read Python's modules,
    which student code imports: an installation in root's home cannot be."""
    if os.geteuid() != 0:
        return False
    pid = os.fork()
    if pid == 0:
        try:
            _become_nobody()
            for folder in sys.path:
                if os.path.isabs(folder) and not folder.endswith(".zip"):
                    os.listdir(folder)
            for module in (os, numpy):
                with open(str(module.__file__), "rb"):
                    pass
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def _wait(pid: int, control: socket.socket, *, confined: bool) -> Exited | None:
    """Wait for the child, killing it when asked to; None when the grader is gone."""
    pidfd = os.pidfd_open(pid)
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    poll.register(control, select.POLLIN)
    orphaned = False
    while True:
        ready = {descriptor for descriptor, _ in poll.poll()}
        if control.fileno() in ready and not orphaned:
            orphaned = control.recv(MAX_CONTROL) != KILL
            os.kill(pid, signal.SIGKILL)
            if orphaned:
                poll.unregister(control)
        if pidfd in ready:
            break
    os.close(pidfd)
    _, status = os.waitpid(pid, 0)
    _kill_descendants(confined)
    if orphaned:
        return None
    return Exited(status)


def _kill_descendants(confined: bool) -> None:
    """End what the child left running: as their subreaper, the zygote is their parent now."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            for descendant in _children(confined):
                os.kill(descendant, signal.SIGKILL)
            os.waitpid(-1, 0)


def _children(confined: bool) -> list[int]:
    try:
        with open("/proc/thread-self/children", encoding="ascii") as file:
            return [int(pid) for pid in file.read().split()]
    except OSError:
        # Inside the sandbox there is no /proc, and a signal to all that this process
        # may signal (-1) ends at the sandbox: Landlock scopes signals.
        if confined:
            return [-1]
        raise


def _run_child(
    spawn: Spawn,
    descriptors: list[int],
    libc: ctypes.CDLL,
    confinement: Confinement | None,
    server: child.Server,
    drops_user: bool,
) -> None:
    """What is done here for the first time in a process costs a fault a page, so as much as
    possible is done before the fork."""
    try:
        os.setsid()
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if confinement is not None:
            confinement.ruleset.enter()
        # Out of the way first, so that no dup2 closes what a later one needs.
        channel, output = (os.dup2(fd, 100 + i) for i, fd in enumerate(descriptors))
        # An input that is at its end. Each child has one of its own: the flags of a shared
        # one could be set by one submission and read by the next.
        reader, writer = os.pipe()
        os.close(writer)
        os.dup2(reader, 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.dup2(channel, _CHANNEL)
        os.closerange(_CHANNEL + 1, 4096)
        _limit(spawn)
        if drops_user:
            _become_nobody()
            # The kernel forgets this with the user.
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if confinement is not None:
            confinement.filter.install()
        gc.enable()
        server.watch.start()
        # The greeting tells the grader that all of the above holds.
        server.greet()
    except BaseException as error:
        _give_reason(1, error)
        os._exit(1)
    try:
        server.serve()
    finally:
        os._exit(0)


def _give_reason(output: int, error: BaseException) -> None:
    """Say in the output of a child why there is none."""
    os.write(output, str(error).encode("utf-8", "replace")[:1000])


def _limit_all(spawn: Spawn, libc: ctypes.CDLL) -> None:
    """Set the limits that children inherit and that do not stand in this process's way."""
    # No core dump: where those are piped to a program, a limit of 0 means nothing. Not before the
    # grader has asked how large this process is, which a strict /proc tells of dumpable ones only.
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    limits = {
        resource.RLIMIT_AS: spawn.memory,
        resource.RLIMIT_FSIZE: spawn.file_size,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    for name, value in limits.items():
        resource.setrlimit(name, (value, value))


def _limit(spawn: Spawn) -> None:
    """Set the other limits, in the child."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (spawn.open_files, spawn.open_files))
    # SIGXCPU first, which tells the reason; a second later SIGKILL for whoever ignores it.
    resource.setrlimit(resource.RLIMIT_CPU, (spawn.cpu_seconds, spawn.cpu_seconds + 1))
