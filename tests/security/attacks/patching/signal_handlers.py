"""Handles every signal by going on."""
# ends: timeout

import signal


def handle(number, frame):
    if number != signal.SIGPROF:  # which its own clock sends
        print("GOT signal", number)


for number in range(1, 65):
    try:
        signal.signal(number, handle)
    except (OSError, ValueError):
        continue


def linear_backward(x, W, dy):
    while True:
        pass
