"""Stops itself, so that it neither answers nor ends."""
# ends: timeout

import os
import signal


def linear_backward(x, W, dy):
    os.kill(os.getpid(), signal.SIGSTOP)
