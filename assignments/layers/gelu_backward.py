"""Exercise gelu_backward: the gradient of GELU, by the error function.

The task is described in gelu_backward.yaml.
문제의 설명은 gelu_backward.yaml에 있습니다.
"""

import math

import numpy as np

erf = np.vectorize(math.erf, otypes=[float])


def gelu_backward(x, dy):
    """Return dx, the gradient of the loss with respect to the input of GELU.

    x: any shape
    dy: shape of x

    Returns dx: shape of x
    """
    # ---- your code starts here ----
    raise NotImplementedError("gelu_backward is not written yet")
    # ---- your code ends here ----
