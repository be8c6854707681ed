import numpy as np


def linear_dW(x, dy):
    return 2 * np.outer(dy, x)
