"""For each place (r, s) in the kernel, the layer is linear from channels to features at all pixels.

dX~ gets dY K_rs where the kernel was, dK_rs is dY^T X~ over all pixels, and the padding is cut off.
"""

import numpy as np


def conv2d_backward(X, K, b, p, dY):
    height, width = X.shape[2:]
    down, across = dY.shape[2:]
    wide = np.pad(X, ((0, 0), (0, 0), (p, p), (p, p)))
    d_wide = np.zeros(wide.shape, dtype=np.result_type(X, K, dY))
    dK = np.zeros(K.shape, dtype=np.result_type(X, K, dY))
    for r in range(K.shape[2]):
        for s in range(K.shape[3]):
            window = np.s_[:, :, r : r + down, s : s + across]
            d_wide[window] += np.einsum("nfij,fc->ncij", dY, K[:, :, r, s])
            dK[:, :, r, s] = np.einsum("nfij,ncij->fc", dY, wide[window])
    dX = d_wide[:, :, p : p + height, p : p + width].copy()
    return dX, dK, dY.sum(axis=(0, 2, 3))
