"""Exercise mlp_backward: the backward pass of linear, ReLU, linear.

The task is described in mlp_backward.yaml.
문제의 설명은 mlp_backward.yaml에 있습니다.
"""

import numpy as np


def mlp_backward(X, W1, b1, W2, b2, dY):
    """Return dX, dW1, db1, dW2, db2 for Y = max(X W1^T + b1, 0) W2^T + b2.

    X: shape (N, n); W1: shape (k, n); b1: shape (k,)
    W2: shape (m, k); b2: shape (m,); dY: shape (N, m)

    Returns gradients in the shapes of X, W1, b1, W2, b2
    """
    # ---- your code starts here ----
    raise NotImplementedError("mlp_backward is not written yet")
    # ---- your code ends here ----
