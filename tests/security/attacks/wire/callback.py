"""Calls functions of the grader that it was not given."""
# ends: malformed

from autograder.sandbox import child, protocol

send = child.encode


def linear_backward(x, W, dy):
    child.encode = lambda reply: send(protocol.Callback(reply.number, 0, ()))
