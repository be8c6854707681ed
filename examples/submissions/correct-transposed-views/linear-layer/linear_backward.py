import numpy as np


def linear_backward(x, W, dy):
    columns = np.zeros((W.shape[1], 2))
    columns[:, 0] = dy @ W
    return columns[:, 0], np.outer(x, dy).T
