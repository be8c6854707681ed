"""Exercise relu_backward: the gradient through ReLU.

The task is described in relu_backward.yaml.
문제의 설명은 relu_backward.yaml에 있습니다.
"""

import numpy as np


def relu_backward(x, dy):
    """Return dx, the gradient of the loss with respect to x, where y = max(x, 0).

    x, dy: arrays of the same shape

    Returns dx: the same shape
    """
    # ---- your code starts here ----
    raise NotImplementedError("relu_backward is not written yet")
    # ---- your code ends here ----
