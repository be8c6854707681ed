import numpy as np


def jacobian(W, x):
    return np.array(W)
