"""Exercise dx: the gradient of a linear layer with respect to its input.

The task is described in dx.yaml.
문제의 설명은 dx.yaml에 있습니다.
"""

import numpy as np


def linear_dx(W, dy):
    """Return dx, the gradient of the loss with respect to x, where y = W @ x.

    W: shape (m, n), the weights
    dy: shape (m,), the upstream gradient dL/dy

    Returns dx: shape (n,)
    """
    # ---- your code starts here ----
    raise NotImplementedError("linear_dx is not written yet")
    # ---- your code ends here ----
