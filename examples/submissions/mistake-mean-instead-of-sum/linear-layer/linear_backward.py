import numpy as np


def linear_backward(x, W, dy):
    m = dy.shape[0]
    dx = 1 / m * (W.T @ dy)
    dW = 1 / m * np.outer(dy, x)
    return dx, dW
