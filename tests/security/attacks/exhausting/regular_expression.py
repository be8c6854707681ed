"""Matches a regular expression that takes for ever and holds the interpreter's lock."""
# ends: timeout

import re


def linear_backward(x, W, dy):
    re.match(r"(a+)+$", "a" * 60 + "b")
