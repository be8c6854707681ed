"""Never finishes loading."""
# ends: timeout

import signal

signal.pause()


def linear_backward(x, W, dy):
    return None
