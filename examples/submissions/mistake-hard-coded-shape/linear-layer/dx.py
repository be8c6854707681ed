import numpy as np


def linear_dx(W, dy):
    dx = np.zeros(3)
    for i in range(2):
        for j in range(3):
            dx[j] += dy[i] * W[i, j]
    return dx
