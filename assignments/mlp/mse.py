"""Exercise mse: the mean squared error and its gradient.

The task is described in mse.yaml.
문제의 설명은 mse.yaml에 있습니다.
"""

import numpy as np


def mse(y_pred, y):
    """Return loss and dy_pred, the mean squared error and its gradient by y_pred.

    y_pred, y: arrays of the same shape

    Returns loss: a number; dy_pred: the shape of y_pred
    """
    # ---- your code starts here ----
    raise NotImplementedError("mse is not written yet")
    # ---- your code ends here ----
