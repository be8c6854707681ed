"""Exercise layernorm_backward: the gradients of layer normalisation.

The task is described in layernorm_backward.yaml.
문제의 설명은 layernorm_backward.yaml에 있습니다.
"""

import numpy as np


def layernorm_backward(X, gamma, eps, dY):
    """Return dX, dgamma and dbeta, the gradients of the loss with respect to input, gain and bias.

    X: shape (N, n)
    gamma: shape (n,)
    eps: a float
    dY: shape (N, n)

    Returns dX: shape (N, n); dgamma: shape (n,); dbeta: shape (n,)
    """
    # ---- your code starts here ----
    raise NotImplementedError("layernorm_backward is not written yet")
    # ---- your code ends here ----
