import numpy as np


def linear_backward(x, W, dy):
    return np.zeros_like(x), np.zeros_like(W)
