"""For y = W @ x: dx_j = sum_i W_ij dy_i and dW_ij = dy_i x_j."""

import numpy as np


def linear_backward(x, W, dy):
    dx = W.T @ dy
    dW = np.outer(dy, x)
    return dx, dW
