"""Raises an exception that never stops saying what it is."""
# ends: timeout

import itertools


class Endless(Exception):
    def __str__(self):
        return "".join(str(number) for number in itertools.count() if number < 0)


def linear_backward(x, W, dy):
    raise Endless
