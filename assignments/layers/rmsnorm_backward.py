"""Exercise rmsnorm_backward: the gradients of root mean square normalisation.

The task is described in rmsnorm_backward.yaml.
문제의 설명은 rmsnorm_backward.yaml에 있습니다.
"""

import numpy as np


def rmsnorm_backward(X, gamma, eps, dY):
    """Return dX and dgamma, the gradients of the loss with respect to input and gain.

    X: shape (N, n)
    gamma: shape (n,)
    eps: a float
    dY: shape (N, n)

    Returns dX: shape (N, n); dgamma: shape (n,)
    """
    # ---- your code starts here ----
    raise NotImplementedError("rmsnorm_backward is not written yet")
    # ---- your code ends here ----
