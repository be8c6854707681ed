import numpy as np


def linear_dW(x, dy):
    dW = np.outer(dy, x)
    np.save("dW.npy", dW)
    return np.load("dW.npy")
