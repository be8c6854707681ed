import numpy as np


def linear_dx(W, dy):
    return np.ones(len(dy)) @ W
