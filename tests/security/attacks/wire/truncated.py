"""Sends half an answer and is gone."""
# ends: crashed

import os


def linear_backward(x, W, dy):
    os.write(3, b"\0\0\1\0" + b"\x82" * 100)
    os._exit(0)
