"""Handles every signal by going on."""
# ends: timeout

import signal

for number in range(1, 65):
    try:
        signal.signal(number, lambda *args: print("GOT signal", args[0]))
    except (OSError, ValueError):
        continue


def linear_backward(x, W, dy):
    while True:
        pass
