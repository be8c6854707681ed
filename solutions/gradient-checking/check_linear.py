"""Central differences of the loss, element by element, against what backward claims."""

import numpy as np


def check_linear(backward, X, W, b, dY):
    arrays = {"X": X, "W": W, "b": b}

    def loss(changed):
        moved = {**arrays, **changed}
        return np.sum(dY * (moved["X"] @ moved["W"].T + moved["b"]))

    for name, claimed in zip(arrays, backward(X, W, b, dY), strict=True):
        array = arrays[name]
        for index in np.ndindex(array.shape):
            step = np.zeros(array.shape)
            step[index] = 1.0
            measured = (loss({name: array + step}) - loss({name: array - step})) / 2
            if not abs(claimed[index] - measured) <= 1e-6 * (1e-3 + abs(measured)):
                return False
    return True
