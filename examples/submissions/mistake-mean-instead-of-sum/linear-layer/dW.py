import numpy as np


def linear_dW(x, dy):
    m = dy.shape[0]
    return np.outer(dy, x) / m
