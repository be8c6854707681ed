"""Sends half an answer and keeps the grader waiting."""
# ends: timeout

import os
import time


def linear_backward(x, W, dy):
    os.write(3, b"\0\0\1\0" + b"\x82" * 100)
    time.sleep(60)
