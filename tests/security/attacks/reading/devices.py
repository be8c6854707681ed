"""Reads memory and disks as devices."""
# may: glob

import glob

import loot


def linear_backward(x, W, dy):
    for path in (
        "/dev/mem",
        "/dev/kmem",
        "/dev/port",
        "/dev/tty",
        "/dev/console",
        "/dev/kmsg",
        "/dev/fuse",
        "/dev/kvm",
        "/dev/vda",
        "/dev/sda",
        "/proc/kcore",
        "/proc/kallsyms",
    ):
        loot.read(path)
    loot.attempt(glob.glob, "/dev/*")
