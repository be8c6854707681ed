"""Says of lines of others, and of none, that a loop in them never ends, and answers on."""
# ends: timeout

import sys

child = sys.modules["autograder.sandbox.child"]
protocol = sys.modules["autograder.sandbox.protocol"]

send = child.encode
FRAMES = [
    protocol.Frame(file, line, "\x1b[2J")
    for file in ("\x1b]0;x\x07{0.__class__} %s", "../../honest-ada/layer/linear_backward.py")
    for line in (-1, 0, 1 << 62)
]


def linear_backward(x, W, dy):
    child.encode = lambda reply: send(protocol.Endless(reply.number, FRAMES[reply.number % 6]))
    return W.T @ dy, dy[:, None] * x
