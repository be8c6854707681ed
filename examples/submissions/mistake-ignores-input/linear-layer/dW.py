import numpy as np


def linear_dW(x, dy):
    return np.repeat(dy[:, None], len(x), axis=1)
