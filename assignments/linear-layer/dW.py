"""Exercise dW: the gradient of a linear layer with respect to its weights.

The task is described in dW.yaml.
문제의 설명은 dW.yaml에 있습니다.
"""

import numpy as np


def linear_dW(x, dy):
    """Return dW, the gradient of the loss with respect to W, where y = W @ x.

    x: shape (n,), the input
    dy: shape (m,), the upstream gradient dL/dy

    Returns dW: shape (m, n)
    """
    # ---- your code starts here ----
    raise NotImplementedError("linear_dW is not written yet")
    # ---- your code ends here ----
