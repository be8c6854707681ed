"""Exercise sigmoid_tanh_backward: the gradients of sigmoid and tanh.

The task is described in sigmoid_tanh_backward.yaml.
문제의 설명은 sigmoid_tanh_backward.yaml에 있습니다.
"""

import numpy as np


def sigmoid_tanh_backward(x, dy):
    """Return dx_sigmoid and dx_tanh, the gradients of the loss with respect to x.

    x: any shape
    dy: shape of x

    Returns dx_sigmoid, for y = sigmoid(x), and dx_tanh, for y = tanh(x): shape of x
    """
    # ---- your code starts here ----
    raise NotImplementedError("sigmoid_tanh_backward is not written yet")
    # ---- your code ends here ----
