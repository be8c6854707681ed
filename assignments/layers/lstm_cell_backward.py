"""Exercise lstm_cell_backward: the gradients of one step of an LSTM.

The task is described in lstm_cell_backward.yaml.
문제의 설명은 lstm_cell_backward.yaml에 있습니다.
"""

import numpy as np


def lstm_cell_backward(X, H, C, W, U, b, dH_next, dC_next):
    """Return dX, dH, dC, dW, dU and db, the gradients of the loss by all that goes into the cell.

    X: shape (N, n), the inputs
    H, C: shape (N, m), the state before the step
    W: shape (4m, n), U: shape (4m, m), b: shape (4m,); m rows for each of i, f, g and o
    dH_next, dC_next: shape (N, m), the upstream gradients of the state after the step

    Each result has the shape of what it is the gradient of.
    """
    # ---- your code starts here ----
    raise NotImplementedError("lstm_cell_backward is not written yet")
    # ---- your code ends here ----
