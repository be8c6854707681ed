"""Says that the call is done instead of what it returned."""
# ends: malformed

import sys

child = sys.modules["autograder.sandbox.child"]
protocol = sys.modules["autograder.sandbox.protocol"]

send = child.encode


def linear_backward(x, W, dy):
    child.encode = lambda reply: send(protocol.Done(reply.number))
