"""Says that the call is done instead of what it returned."""
# ends: malformed

from autograder.sandbox import child, protocol

send = child.encode


def linear_backward(x, W, dy):
    child.encode = lambda reply: send(protocol.Done(reply.number))
