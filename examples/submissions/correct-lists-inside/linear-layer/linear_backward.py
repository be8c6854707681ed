import numpy as np


def linear_backward(x, W, dy):
    rows, upstream, inputs = W.tolist(), dy.tolist(), x.tolist()
    dx = [sum(row[j] * g for row, g in zip(rows, upstream)) for j in range(len(inputs))]
    dW = [[g * value for value in inputs] for g in upstream]
    return [np.array(dx), np.array(dW)]
