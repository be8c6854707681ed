import numpy as np


def linear_backward(x, W, dy):
    dW = np.zeros_like(W)
    dW += dy[:, None]
    return W.T @ dy, dW
