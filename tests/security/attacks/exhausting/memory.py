"""Takes memory without end."""
# ends: memory

import numpy as np


def linear_backward(x, W, dy):
    kept = []
    for _ in range(200):
        kept.append(np.ones(1 << 20))
