"""Exercise affine_backward: the backward pass of a layer whose weights have one column an output.

The task is described in affine_backward.yaml.
문제의 설명은 affine_backward.yaml에 있습니다.
"""

import numpy as np


def affine_backward(X, W, b, dY):
    """Return dX, dW and db, the gradients of the loss, where Y = X @ W + b.

    X: shape (N, n), one sample a row
    W: shape (n, m), the weights
    b: shape (m,), the bias
    dY: shape (N, m), the upstream gradient dL/dY

    Returns dX: shape (N, n), dW: shape (n, m), and db: shape (m,)
    """
    # ---- your code starts here ----
    raise NotImplementedError("affine_backward is not written yet")
    # ---- your code ends here ----
