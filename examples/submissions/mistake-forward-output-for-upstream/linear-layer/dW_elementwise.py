import numpy as np


def dW_elementwise(x, dy):
    dW = np.zeros((len(dy), len(x)))
    for i in range(len(dy)):
        for j in range(len(x)):
            dW[i, j] = dy[i] * x[j]
    return dW
