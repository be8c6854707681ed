"""Looks for what another submission left for it: in files, in modules and in memory."""

import sys

import loot
import numpy as np

for name, module in list(sys.modules.items()):
    if hasattr(module, "left_by_eve"):
        print("GOT", name)
np.left_by_eve = "loot of eve"


def linear_backward(x, W, dy):
    for folder in ("/tmp", "/var/tmp", "/dev/shm", "/run/lock", "/run"):
        loot.read(f"{folder}/left-by-eve")
    loot.syscall("shmget", 29, 0xE4E, 4096, 0)
    loot.attempt(__import__, "left_by_eve")
