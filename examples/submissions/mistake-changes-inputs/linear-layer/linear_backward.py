import numpy as np


def linear_backward(x, W, dy):
    dW = np.outer(dy, x)
    W *= dy.reshape(-1, 1)
    dx = W.sum(axis=0)
    return dx, dW
