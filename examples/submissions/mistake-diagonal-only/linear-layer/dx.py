import numpy as np


def linear_dx(W, dy):
    return np.diag(W) * dy
