"""Exercise jacobian: the local gradient of a linear layer.

The task is described in jacobian.yaml.
문제의 설명은 jacobian.yaml에 있습니다.
"""

import numpy as np


def jacobian(W, x):
    """Return J, where J[i, j] is the derivative of y[i] with respect to x[j] for y = W @ x.

    W: shape (m, n), the weights
    x: shape (n,), the input

    Returns J: shape (m, n), a new array
    """
    # ---- your code starts here ----
    raise NotImplementedError("jacobian is not written yet")
    # ---- your code ends here ----
