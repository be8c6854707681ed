import sys

import numpy as np

sys.setrecursionlimit(10**9)


def linear_dW(x, dy):
    return dy[0] * x + linear_dW(x, dy)
