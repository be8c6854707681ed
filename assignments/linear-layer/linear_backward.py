"""Exercise linear_backward: the whole backward pass of a linear layer.

The task is described in linear_backward.yaml.
문제의 설명은 linear_backward.yaml에 있습니다.
"""

import numpy as np


def linear_backward(x, W, dy):
    """Return dx and dW, the gradients of the loss, where y = W @ x.

    x: shape (n,), the input
    W: shape (m, n), the weights
    dy: shape (m,), the upstream gradient dL/dy

    Returns dx: shape (n,), and dW: shape (m, n)
    """
    # ---- your code starts here ----
    raise NotImplementedError("linear_backward is not written yet")
    # ---- your code ends here ----
