"""Calls itself without end after lifting the limit."""
# ends: crashed

import sys

sys.setrecursionlimit(1 << 30)


class Deep:
    def __repr__(self):
        return "".join(map(repr, [self]))


def linear_backward(x, W, dy):
    return repr(Deep())
