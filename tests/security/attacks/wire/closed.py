"""Closes the channel and goes on."""
# ends: crashed

import os
import time


def linear_backward(x, W, dy):
    os.close(3)
    time.sleep(60)
