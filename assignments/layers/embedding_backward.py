"""Exercise embedding_backward: the gradient of a table in which rows are looked up.

The task is described in embedding_backward.yaml.
문제의 설명은 embedding_backward.yaml에 있습니다.
"""

import numpy as np


def embedding_backward(ids, W, dY):
    """Return dW, the gradient of the loss with respect to the table W.

    ids: integers from 0 to V - 1, of any shape with at least one axis
    W: shape (V, d)
    dY: the shape of ids, and one more axis of length d
    """
    # ---- your code starts here ----
    raise NotImplementedError("embedding_backward is not written yet")
    # ---- your code ends here ----
