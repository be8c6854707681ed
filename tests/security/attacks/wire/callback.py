"""Calls functions of the grader that it was not given."""
# ends: malformed

import sys

child = sys.modules["autograder.sandbox.child"]
protocol = sys.modules["autograder.sandbox.protocol"]

send = child.encode


def linear_backward(x, W, dy):
    child.encode = lambda reply: send(protocol.Callback(reply.number, 0, ()))
