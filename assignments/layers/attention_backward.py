"""Exercise attention_backward: the gradients of scaled dot-product attention.

The task is described in attention_backward.yaml.
문제의 설명은 attention_backward.yaml에 있습니다.
"""

import numpy as np


def attention_backward(Q, K, V, dO):
    """Return dQ, dK and dV, the gradients of the loss with respect to queries, keys and values.

    Q: shape (T, d)
    K: shape (S, d)
    V: shape (S, e)
    dO: shape (T, e)

    Returns dQ: shape (T, d); dK: shape (S, d); dV: shape (S, e)
    """
    # ---- your code starts here ----
    raise NotImplementedError("attention_backward is not written yet")
    # ---- your code ends here ----
