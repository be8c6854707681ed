"""dC' += dH' o (1 - tanh(C')^2), from there to the four gates, and dZ through a linear layer."""

import numpy as np


def _sigmoid(z):
    return (1 + np.tanh(z / 2)) / 2  # overflows nowhere


def lstm_cell_backward(X, H, C, W, U, b, dH_next, dC_next):
    units = H.shape[1]
    gates = X @ W.T + H @ U.T + b
    z_new, z_old, z_candidate, z_show = (gates[:, k * units : (k + 1) * units] for k in range(4))
    keep_new, keep_old, show = _sigmoid(z_new), _sigmoid(z_old), _sigmoid(z_show)
    candidate = np.tanh(z_candidate)
    squashed = np.tanh(keep_old * C + keep_new * candidate)
    d_state = dC_next + dH_next * show * (1 - squashed**2)
    dZ = np.concatenate(
        [
            d_state * candidate * keep_new * (1 - keep_new),
            d_state * C * keep_old * (1 - keep_old),
            d_state * keep_new * (1 - candidate**2),
            dH_next * squashed * show * (1 - show),
        ],
        axis=1,
    )
    return dZ @ W, dZ @ U, d_state * keep_old, dZ.T @ X, dZ.T @ H, dZ.sum(axis=0)
