"""Says that the function is not there, after it was called."""
# ends: missing

import sys

child = sys.modules["autograder.sandbox.child"]
protocol = sys.modules["autograder.sandbox.protocol"]

send = child.encode


def linear_backward(x, W, dy):
    child.encode = lambda reply: send(protocol.Missing(reply.number))
