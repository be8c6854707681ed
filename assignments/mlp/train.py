"""Exercise train: gradient descent on the two-layer network.

The task is described in train.yaml.
문제의 설명은 train.yaml에 있습니다.
"""

import numpy as np


def train(X, y, W1, b1, W2, b2, lr, steps):
    """Return losses, the mean squared error before each of the steps of gradient descent.

    X: shape (N, n); y: shape (N, m)
    W1: shape (k, n); b1: shape (k,); W2: shape (m, k); b2: shape (m,)
    lr: the learning rate; steps: how often the parameters are moved

    Returns losses: steps numbers
    """
    # ---- your code starts here ----
    raise NotImplementedError("train is not written yet")
    # ---- your code ends here ----
