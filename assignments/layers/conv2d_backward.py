"""Exercise conv2d_backward: all gradients of a convolution over images.

The task is described in conv2d_backward.yaml.
문제의 설명은 conv2d_backward.yaml에 있습니다.
"""

import numpy as np


def conv2d_backward(X, K, b, p, dY):
    """Return dX, dK and db, the gradients of the loss with respect to images, kernels and biases.

    X: shape (N, C, H, W)
    K: shape (F, C, h, w)
    b: shape (F,)
    p: an integer, 0 or more: how many rows and columns of zeros are put around each image
    dY: shape (N, F, H + 2p - h + 1, W + 2p - w + 1)

    Returns dX: shape (N, C, H, W); dK: shape (F, C, h, w); db: shape (F,)
    """
    # ---- your code starts here ----
    raise NotImplementedError("conv2d_backward is not written yet")
    # ---- your code ends here ----
