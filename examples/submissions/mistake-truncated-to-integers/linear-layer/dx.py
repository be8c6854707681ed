import numpy as np


def linear_dx(W, dy):
    dx = np.zeros(W.shape[1], dtype=int)
    dx[:] = W.T @ dy
    return dx
