import numpy as np


def linear_backward(x, W, dy):
    dx = np.zeros(len(x))
    i = 0
    while i < len(dy):
        dx += dy[i] * W[i]
    return dx, np.outer(dy, x)
