"""dx_q = sum_j w_j dy_(q - j) and dw_j = sum_i dy_i x_(i + j), one weight at a time."""

import numpy as np


def conv1d_backward(x, w, dy):
    places = len(dy)
    dx = np.zeros(x.shape, dtype=np.result_type(x, w, dy))
    dw = np.zeros(w.shape, dtype=np.result_type(x, w, dy))
    for shift, weight in enumerate(w):
        window = slice(shift, shift + places)
        dx[window] += weight * dy
        dw[shift] = x[window] @ dy
    return dx, dw
