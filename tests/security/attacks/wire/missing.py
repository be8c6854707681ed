"""Says that the function is not there, after it was called."""
# ends: missing

from autograder.sandbox import child, protocol

send = child.encode


def linear_backward(x, W, dy):
    child.encode = lambda reply: send(protocol.Missing(reply.number))
