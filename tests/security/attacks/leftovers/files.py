"""Leaves files for the next submission."""

import os

import loot


def leave(path):
    with open(path, "w") as file:
        file.write("loot of eve")


def linear_backward(x, W, dy):
    for folder in ("/tmp", "/var/tmp", "/dev/shm", "/run/lock", "/run", "/srv/class"):
        loot.attempt(leave, f"{folder}/left-by-eve")
        loot.attempt(os.mkdir, f"{folder}/folder-of-eve")
        loot.attempt(os.mkfifo, f"{folder}/fifo-of-eve")
        loot.attempt(os.mknod, f"{folder}/node-of-eve")
