"""Exercise leading_axes: the backward pass of a linear layer with any number of leading axes.

The task is described in leading_axes.yaml.
문제의 설명은 leading_axes.yaml에 있습니다.
"""

import numpy as np


def leading_axes_backward(X, W, b, dY):
    """Return dX, dW and db, the gradients of the loss, where Y = X @ W.T + b.

    X: shape (..., n), any number of leading axes, also none
    W: shape (m, n), the weights
    b: shape (m,), the bias
    dY: shape (..., m), the upstream gradient dL/dY, with the leading axes of X

    Returns dX: shape (..., n), dW: shape (m, n), and db: shape (m,)
    """
    # ---- your code starts here ----
    raise NotImplementedError("leading_axes_backward is not written yet")
    # ---- your code ends here ----
