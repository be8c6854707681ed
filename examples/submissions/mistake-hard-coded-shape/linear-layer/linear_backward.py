import numpy as np


def linear_backward(x, W, dy):
    dx = np.zeros(3)
    dW = np.zeros((2, 3))
    for i in range(2):
        for j in range(3):
            dx[j] += dy[i] * W[i, j]
            dW[i, j] = dy[i] * x[j]
    return dx, dW
