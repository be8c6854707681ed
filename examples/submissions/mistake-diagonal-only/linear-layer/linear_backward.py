import numpy as np


def linear_backward(x, W, dy):
    return np.diag(W) * dy, np.outer(dy, x)
