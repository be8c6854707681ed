import tempfile

import numpy as np


def linear_backward(x, W, dy):
    with tempfile.TemporaryFile() as file:
        file.write(dy.tobytes())
        return W.T @ dy, np.outer(dy, x)
