"""O = A V and Z = Q K^T / sqrt(d) are linear; softmax between them gives dZ = A (dA - sum A dA)."""

import numpy as np


def attention_backward(Q, K, V, dO):
    c = 1 / np.sqrt(Q.shape[-1])
    Z = c * (Q @ K.T)
    A = np.exp(Z - Z.max(axis=-1, keepdims=True))
    A /= A.sum(axis=-1, keepdims=True)
    dA = dO @ V.T
    dZ = A * (dA - (A * dA).sum(axis=-1, keepdims=True))
    return c * (dZ @ K), c * (dZ.T @ Q), A.T @ dO
