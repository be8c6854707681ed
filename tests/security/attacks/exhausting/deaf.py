"""Ignores the signals that usually end a process, and is busy."""
# ends: timeout

import signal

for number in (signal.SIGTERM, signal.SIGALRM, signal.SIGXCPU, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)


def linear_backward(x, W, dy):
    while True:
        pass
