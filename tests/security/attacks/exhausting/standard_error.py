"""Writes to standard error without end, in bytes that are no text."""
# ends: timeout

import os


def linear_backward(x, W, dy):
    while True:
        os.write(2, b"\xff\x9b\x1b[2J" * 10_000)
