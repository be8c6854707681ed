"""Exercise dropout_backward: the gradient of dropout with a given mask.

The task is described in dropout_backward.yaml.
문제의 설명은 dropout_backward.yaml에 있습니다.
"""

import numpy as np


def dropout_backward(mask, p, dy):
    """Return dx, the gradient of the loss with respect to the input of dropout.

    mask: any shape, 0 where a number was dropped and 1 where it was kept
    p: the probability of being dropped, a float
    dy: shape of mask

    Returns dx: shape of mask
    """
    # ---- your code starts here ----
    raise NotImplementedError("dropout_backward is not written yet")
    # ---- your code ends here ----
