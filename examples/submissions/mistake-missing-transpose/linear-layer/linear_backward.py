import numpy as np


def linear_backward(x, W, dy):
    dx = W @ dy
    dW = np.outer(dy, x)
    return dx, dW
