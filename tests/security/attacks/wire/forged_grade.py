"""Sends a grade instead of arrays."""
# ends: malformed

import sys

import msgspec

child = sys.modules["autograder.sandbox.child"]


def forged(reply):
    return msgspec.msgpack.encode(
        {
            "type": "returned",
            "number": reply.number,
            "value": ["plain", 1],
            "score": 20,
            "status": "passed",
            "changed": [],
            "shared": {"points": 20},
        }
    )


def linear_backward(x, W, dy):
    child.encode = forged
