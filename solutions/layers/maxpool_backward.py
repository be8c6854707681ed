"""dX = P^T dY, where P picks from every window its first largest pixel, in reading order."""

import numpy as np


def maxpool_backward(X, size, stride, dY):
    last_row, last_column = (stride * (length - 1) + 1 for length in dY.shape[2:])
    places = [
        np.s_[:, :, r : r + last_row : stride, s : s + last_column : stride]
        for r in range(size)
        for s in range(size)
    ]
    largest = X[places[0]].copy()
    winner = np.zeros(dY.shape, dtype=int)
    for number, place in enumerate(places):
        beaten = X[place] > largest
        largest[beaten] = X[place][beaten]
        winner[beaten] = number
    dX = np.zeros(X.shape, dtype=dY.dtype)
    for number, place in enumerate(places):
        dX[place] += np.where(winner == number, dY, 0)
    return dX
