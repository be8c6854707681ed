import numpy as np


def linear_backward(x, W, dy):
    return np.full(x.shape, np.nan), np.full(W.shape, np.nan)
