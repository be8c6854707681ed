"""Returns containers that contain themselves, and endless generators."""
# ends: failed

import itertools


def linear_backward(x, W, dy):
    endless = []
    endless.append(endless)
    return endless, itertools.count()
