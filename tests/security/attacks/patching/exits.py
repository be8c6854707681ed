"""Ends by every exception that may get past a handler."""
# ends: error

import atexit
import sys

CALLS = []
atexit.register(lambda: print("GOT atexit"))


def linear_backward(x, W, dy):
    CALLS.append(1)
    match len(CALLS) % 4:
        case 0:
            sys.exit(0)
        case 1:
            raise SystemExit("passed")
        case 2:
            raise KeyboardInterrupt
        case 3:
            raise GeneratorExit
