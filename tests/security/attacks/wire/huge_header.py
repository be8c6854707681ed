"""Announces four gigabytes."""
# ends: oversized

import os


def linear_backward(x, W, dy):
    os.write(3, b"\xff\xff\xff\xff")
