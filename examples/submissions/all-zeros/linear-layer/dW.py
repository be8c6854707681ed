import numpy as np


def linear_dW(x, dy):
    return np.zeros((len(dy), len(x)))
