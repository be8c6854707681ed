"""Sends a message that is nested a hundred thousand levels deep."""
# ends: malformed

import sys

child = sys.modules["autograder.sandbox.child"]


def linear_backward(x, W, dy):
    child.encode = lambda reply: b"\x91" * 100_000 + b"\xc0"
