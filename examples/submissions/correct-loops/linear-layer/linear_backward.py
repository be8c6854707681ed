import numpy as np


def linear_backward(x, W, dy):
    m, n = W.shape
    dx = np.zeros(n)
    dW = np.zeros((m, n))
    for i in range(m):
        for j in range(n):
            dx[j] += dy[i] * W[i, j]
            dW[i, j] = dy[i] * x[j]
    return dx, dW
