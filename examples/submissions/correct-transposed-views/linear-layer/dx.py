import numpy as np


def linear_dx(W, dy):
    # A column of a wider array: a view that is not contiguous, with the right numbers.
    columns = np.zeros((W.shape[1], 2))
    columns[:, 0] = dy @ W
    return columns[:, 0]
