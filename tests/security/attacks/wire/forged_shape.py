"""Returns an array whose bytes do not fit its shape."""
# ends: malformed

import sys

child = sys.modules["autograder.sandbox.child"]
protocol = sys.modules["autograder.sandbox.protocol"]

send = child.encode


def linear_backward(x, W, dy):
    forged = protocol.Array("<f8", (1 << 39,), memoryview(bytes(8)))
    child.encode = lambda reply: send(protocol.Returned(reply.number, forged))
