"""Exercise batched_backward: the backward pass of a linear layer on a batch.

The task is described in batched_backward.yaml.
문제의 설명은 batched_backward.yaml에 있습니다.
"""

import numpy as np


def batched_backward(X, W, b, dY):
    """Return dX, dW and db, the gradients of the loss, where Y = X @ W.T + b.

    X: shape (N, n), one sample a row
    W: shape (m, n), the weights
    b: shape (m,), the bias
    dY: shape (N, m), the upstream gradient dL/dY

    Returns dX: shape (N, n), dW: shape (m, n), and db: shape (m,)
    """
    # ---- your code starts here ----
    raise NotImplementedError("batched_backward is not written yet")
    # ---- your code ends here ----
