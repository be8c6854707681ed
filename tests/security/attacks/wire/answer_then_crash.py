"""Answers wrongly, then crashes: the crash is to wipe out the wrong answer."""
# ends: failed

import os
import signal
import sys

child = sys.modules["autograder.sandbox.child"]

send = child.Server._send


def linear_backward(x, W, dy):
    def and_crash(server, reply):
        send(server, reply)
        os.kill(os.getpid(), signal.SIGKILL)

    child.Server._send = and_crash
    return W.T @ dy * 0, dy[:, None] * x * 0
