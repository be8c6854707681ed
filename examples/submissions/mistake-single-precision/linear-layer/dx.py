import numpy as np


def linear_dx(W, dy):
    W = W.astype(np.float32)
    dy = dy.astype(np.float32)
    return W.T @ dy
