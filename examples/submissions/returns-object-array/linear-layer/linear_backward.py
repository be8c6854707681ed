import numpy as np


def linear_backward(x, W, dy):
    return (W.T @ dy).astype(object), np.outer(dy, x).astype(object)
