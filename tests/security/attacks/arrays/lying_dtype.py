"""An array that says it has another dtype."""
# ends: failed

import numpy as np


class Liar(np.ndarray):
    dtype = np.dtype(np.float64)
    itemsize = 8


def linear_backward(x, W, dy):
    dx, dW = W.T @ dy, dy[:, None] * x
    return dx.astype(np.float16).view(Liar), dW.astype(np.complex128).view(Liar)
