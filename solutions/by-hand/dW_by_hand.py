import numpy as np


def dW_by_hand(W, x, dy):
    dy1_dW = np.stack([x, np.zeros_like(x)])
    dW = np.outer(dy, x)
    new_W = W - dW / 10
    return dy1_dW, dW, new_W
