"""Raises from lines of files that are not its own."""
# ends: error

import sys

child = sys.modules["autograder.sandbox.child"]
protocol = sys.modules["autograder.sandbox.protocol"]

send = child.encode
FRAMES = tuple(
    protocol.Frame(file, line, "\x1b[2J")
    for file in ("/etc/passwd", "../../honest-ada/layer/linear_backward.py", "\x1b]0;x\x07")
    for line in (-1, 0, 1 << 62)
)


def linear_backward(x, W, dy):
    info = protocol.ExceptionInfo("ValueError", "{exception} {0.__class__} %s %n", FRAMES)
    child.encode = lambda reply: send(protocol.Raised(reply.number, info))
