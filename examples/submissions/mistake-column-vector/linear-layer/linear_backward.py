import numpy as np


def linear_backward(x, W, dy):
    dy = dy.reshape(-1, 1)
    return W.T @ dy, dy @ x.reshape(1, -1)
