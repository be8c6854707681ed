"""Exercise check_linear: is this backward pass right?

The task is described in check_linear.yaml.
문제의 설명은 check_linear.yaml에 있습니다.
"""

import numpy as np


def check_linear(backward, X, W, b, dY):
    """Return whether backward computes the gradients of sum(dY * (X @ W.T + b)).

    backward: called as backward(X, W, b, dY), returns dX, dW, db
    X: shape (N, n); W: shape (m, n); b: shape (m,); dY: shape (N, m)

    Returns ok: True or False
    """
    # ---- your code starts here ----
    raise NotImplementedError("check_linear is not written yet")
    # ---- your code ends here ----
