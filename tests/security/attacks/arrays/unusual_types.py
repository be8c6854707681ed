"""Returns dtypes that compare in unusual ways."""
# ends: failed

import numpy as np

CALLS = []
DTYPES = ["M8[s]", "m8[s]", "U9", "S9", "V8", "f4,f4", "O", "?", "c16", "g", "f2", "u8"]


def linear_backward(x, W, dy):
    CALLS.append(1)
    dtype = DTYPES[len(CALLS) % len(DTYPES)]
    return np.zeros(W.shape[1], dtype=dtype), np.zeros(W.shape, dtype=dtype)
