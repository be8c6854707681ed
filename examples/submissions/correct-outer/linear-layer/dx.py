import numpy as np


def linear_dx(W, dy):
    # A vector times a matrix: the same sum as with the transposed matrix.
    return np.dot(dy, W)
