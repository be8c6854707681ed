import numpy as np


def linear_backward(x, W, dy):
    y = W @ x
    dx = W.T @ y
    dW = np.outer(y, x)
    return dx, dW
