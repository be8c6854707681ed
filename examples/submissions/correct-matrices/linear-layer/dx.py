import numpy as np


def linear_dx(W, dy):
    column = dy.reshape(-1, 1)
    return np.matmul(np.transpose(W), column).reshape(-1)
