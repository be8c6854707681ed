import numpy as np

CANARY = "CANARY-solution-51c9"


def linear_backward(x, W, dy):
    return W.T @ dy, np.outer(dy, x)
