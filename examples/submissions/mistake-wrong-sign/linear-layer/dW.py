import numpy as np


def linear_dW(x, dy):
    return -np.outer(dy, x)
