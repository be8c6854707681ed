"""max_i |a_i - b_i| / max(|a_i|, |b_i|), with 0 / 0 = 0."""

import numpy as np


def relative_error(a, b):
    size = np.maximum(np.abs(a), np.abs(b))
    difference = np.abs(a - b)
    return float(np.max(np.divide(difference, size, out=np.zeros(size.shape), where=size > 0)))
