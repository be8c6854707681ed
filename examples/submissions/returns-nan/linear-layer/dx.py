import numpy as np


def linear_dx(W, dy):
    return np.full(W.shape[1], np.nan)
