"""Takes a descriptor that only names a file, which is not restricted, and opens that again."""
# may: open

import os

import loot


def linear_backward(x, W, dy):
    for path in (f"{loot.CLASS}/course/config.yaml", "/srv"):
        descriptor = loot.attempt(os.open, path, os.O_PATH)
        if descriptor is not None:
            loot.read(f"/proc/self/fd/{descriptor}")
            loot.read(f"/dev/fd/{descriptor}")
            loot.attempt(os.read, descriptor, 3000)
            loot.attempt(os.open, "class/course/config.yaml", os.O_RDONLY, dir_fd=descriptor)
            loot.attempt(os.fchdir, descriptor)
