import numpy as np


def dx_elementwise(W, dy):
    dx = np.zeros(W.shape[1])
    for row, upstream in zip(W, dy):
        for j, weight in enumerate(row):
            dx[j] += upstream * weight
    return dx
