"""Exercise linear_forward: the forward pass of a linear layer on a batch.

The task is described in linear_forward.yaml.
문제의 설명은 linear_forward.yaml에 있습니다.
"""

import numpy as np


def linear_forward(X, W, b):
    """Return Y, the output of the layer for every sample of the batch.

    X: shape (N, n), one sample a row
    W: shape (m, n), the weights
    b: shape (m,), the bias

    Returns Y: shape (N, m), one output a row
    """
    # ---- your code starts here ----
    raise NotImplementedError("linear_forward is not written yet")
    # ---- your code ends here ----
