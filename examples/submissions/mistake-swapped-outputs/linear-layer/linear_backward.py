import numpy as np


def linear_backward(x, W, dy):
    dx = W.T @ dy
    dW = np.outer(dy, x)
    return dW, dx
