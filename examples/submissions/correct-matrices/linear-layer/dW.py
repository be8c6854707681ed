import numpy as np


def linear_dW(x, dy):
    return np.matmul(dy.reshape(-1, 1), x.reshape(1, -1))
