import numpy as np


def linear_dx(W, dy):
    return np.zeros(W.shape[1])
