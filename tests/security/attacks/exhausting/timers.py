"""Interrupts itself all the time."""
# ends: timeout

import signal

signal.signal(signal.SIGALRM, lambda *args: None)
signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)


def linear_backward(x, W, dy):
    while True:
        pass
