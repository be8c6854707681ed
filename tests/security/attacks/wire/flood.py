"""Writes to the channel until it is full."""
# ends: malformed

import os


def linear_backward(x, W, dy):
    while True:
        os.write(3, b"\0\0\0\1\x80" * 4096)
