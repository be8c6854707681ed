"""Exercise linear_module: a linear layer as a class that remembers.

The task is described in linear_module.yaml.
문제의 설명은 linear_module.yaml에 있습니다.
"""

import numpy as np


class Linear:
    """The layer Y = X @ W.T + b.

    W: shape (m, n), the weights
    b: shape (m,), the bias

    After ``backward``, the attributes dW, shape (m, n), and db, shape (m,), hold the gradients
    of the loss with respect to W and b.
    """

    # ---- your code starts here ----
    def __init__(self, W, b):
        raise NotImplementedError("Linear.__init__ is not written yet")

    def forward(self, X):
        """Return Y, shape (N, m), for X of shape (N, n)."""
        raise NotImplementedError("Linear.forward is not written yet")

    def backward(self, dY):
        """Return dX, shape (N, n), for dY of shape (N, m); set dW and db.

        X is the one of the latest call of forward.
        """
        raise NotImplementedError("Linear.backward is not written yet")

    # ---- your code ends here ----
