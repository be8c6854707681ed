"""Exercise maxpool_backward: the gradient of taking the largest number of every window.

The task is described in maxpool_backward.yaml.
문제의 설명은 maxpool_backward.yaml에 있습니다.
"""

import numpy as np


def maxpool_backward(X, size, stride, dY):
    """Return dX, the gradient of the loss with respect to the images X.

    X: shape (N, C, H, W)
    size: an integer, the height and width of a window
    stride: an integer, how far apart windows are
    dY: shape (N, C, (H - size) // stride + 1, (W - size) // stride + 1)
    """
    # ---- your code starts here ----
    raise NotImplementedError("maxpool_backward is not written yet")
    # ---- your code ends here ----
