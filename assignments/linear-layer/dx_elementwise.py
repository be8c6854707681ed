"""Exercise dx_elementwise: the gradient with respect to the input, as the chain rule's sum.

The task is described in dx_elementwise.yaml.
문제의 설명은 dx_elementwise.yaml에 있습니다.
"""

import numpy as np


def dx_elementwise(W, dy):
    """Return dx, the gradient of the loss with respect to x, where y = W @ x.

    W: shape (m, n), the weights
    dy: shape (m,), the upstream gradient dL/dy

    Returns dx: shape (n,)
    """
    # ---- your code starts here ----
    raise NotImplementedError("dx_elementwise is not written yet")
    # ---- your code ends here ----
