import numpy as np


def linear_dW(x, dy):
    dW = np.zeros((2, 3))
    for i in range(2):
        for j in range(3):
            dW[i, j] = x[j] * dy[i]
    return dW
