"""Exercise conv1d_backward: both gradients of a convolution along one axis.

The task is described in conv1d_backward.yaml.
문제의 설명은 conv1d_backward.yaml에 있습니다.
"""

import numpy as np


def conv1d_backward(x, w, dy):
    """Return dx and dw, the gradients of the loss with respect to the signal and the kernel.

    x: shape (n,)
    w: shape (k,), not longer than x
    dy: shape (n - k + 1,)

    Returns dx: shape (n,); dw: shape (k,)
    """
    # ---- your code starts here ----
    raise NotImplementedError("conv1d_backward is not written yet")
    # ---- your code ends here ----
