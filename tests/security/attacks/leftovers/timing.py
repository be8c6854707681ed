"""Lets time pass for the others: keeps a processor busy as long as it may, then answers wrongly."""
# ends: failed

import time


def linear_backward(x, W, dy):
    end = time.monotonic() + 0.05
    while time.monotonic() < end:
        pass
    return x * 0, W * 0
