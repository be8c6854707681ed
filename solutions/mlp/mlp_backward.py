"""dA = dY W2, dH = dA where H > 0, and each layer: dX = dY W, dW = dY^T X, db = sum dY."""

import numpy as np


def mlp_backward(X, W1, b1, W2, b2, dY):
    hidden = X @ W1.T + b1
    active = np.where(hidden > 0, hidden, 0.0)
    d_active = dY @ W2
    d_hidden = d_active * (hidden > 0)
    dW2 = dY.T @ active
    db2 = dY.sum(axis=0)
    dW1 = d_hidden.T @ X
    db1 = d_hidden.sum(axis=0)
    return d_hidden @ W1, dW1, db1, dW2, db2
