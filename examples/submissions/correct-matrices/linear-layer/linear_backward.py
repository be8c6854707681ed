import numpy as np


def linear_backward(x, W, dy):
    column = dy.reshape(-1, 1)
    dx = np.matmul(np.transpose(W), column).reshape(-1)
    dW = np.matmul(column, x.reshape(1, -1))
    return dx, dW
