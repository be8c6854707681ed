import numpy as np


def linear_backward(x, W, dy):
    dW = np.zeros(W.shape)
    dW += dy[:, None]
    return W.T @ dy, dW
