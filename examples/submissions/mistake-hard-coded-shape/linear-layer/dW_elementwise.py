import numpy as np


def dW_elementwise(x, dy):
    dW = np.empty((dy.size, x.size))
    for i, j in np.ndindex(dW.shape):
        dW[i, j] = x[j] * dy[i]
    return dW
