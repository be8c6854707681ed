"""Sleeps."""
# ends: timeout

import time


def linear_backward(x, W, dy):
    time.sleep(3600)
