import math

import numpy as np


def linear_backward(x, W, dy):
    dx = np.array([math.fsum(column * dy) for column in W.T])
    dW = np.stack([g * x for g in dy])
    return dx, dW
