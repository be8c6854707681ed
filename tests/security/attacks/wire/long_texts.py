"""Raises an exception whose message and frames are longer than is allowed."""
# ends: malformed

import sys

child = sys.modules["autograder.sandbox.child"]
protocol = sys.modules["autograder.sandbox.protocol"]

send = child.encode


def linear_backward(x, W, dy):
    frames = tuple(protocol.Frame("f" * 5000, -1, "g" * 5000) for _ in range(1000))
    info = protocol.ExceptionInfo("E" * 100_000, "m" * 1_000_000, frames)
    child.encode = lambda reply: send(protocol.Raised(reply.number, info))
