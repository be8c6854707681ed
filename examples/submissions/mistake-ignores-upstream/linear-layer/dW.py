import numpy as np


def linear_dW(x, dy):
    return np.tile(x, (len(dy), 1))
