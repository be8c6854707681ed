import numpy as np


def linear_dW(x, dy):
    dW = np.zeros((len(dy), len(x)), dtype=int)
    for i in range(len(dy)):
        dW[i] = dy[i] * x
    return dW
