import numpy as np


def linear_dW(dy):
    return np.outer(dy, dy)
