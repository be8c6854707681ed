import numpy as np


def linear_backward(x, W, dy):
    dx = np.array(W.T @ dy, dtype=int)
    dW = np.array(np.outer(dy, x), dtype=int)
    return dx, dW
