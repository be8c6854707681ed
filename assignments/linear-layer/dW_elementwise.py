"""Exercise dW_elementwise: the gradient with respect to the weights, one element at a time.

The task is described in dW_elementwise.yaml.
문제의 설명은 dW_elementwise.yaml에 있습니다.
"""

import numpy as np


def dW_elementwise(x, dy):
    """Return dW, the gradient of the loss with respect to W, where y = W @ x.

    x: shape (n,), the input
    dy: shape (m,), the upstream gradient dL/dy

    Returns dW: shape (m, n)
    """
    # ---- your code starts here ----
    raise NotImplementedError("dW_elementwise is not written yet")
    # ---- your code ends here ----
