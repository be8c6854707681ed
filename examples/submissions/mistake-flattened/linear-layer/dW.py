import numpy as np


def linear_dW(x, dy):
    return np.kron(dy, x)
