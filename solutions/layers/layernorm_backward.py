"""Y = Z diag(gamma) + beta is a linear layer; mean and deviation of each row give corrections."""

import numpy as np


def layernorm_backward(X, gamma, eps, dY):
    Z = X - X.mean(axis=-1, keepdims=True)
    s = np.sqrt(np.square(Z).mean(axis=-1, keepdims=True) + eps)
    Z /= s
    dZ = gamma * dY
    along_mean = dZ.mean(axis=-1, keepdims=True)
    along_deviation = Z * (dZ * Z).mean(axis=-1, keepdims=True)
    return (dZ - along_mean - along_deviation) / s, (dY * Z).sum(axis=0), dY.sum(axis=0)
