"""Exercise softmax_cross_entropy: softmax and cross-entropy, and their gradient.

The task is described in softmax_cross_entropy.yaml.
문제의 설명은 softmax_cross_entropy.yaml에 있습니다.
"""

import numpy as np


def softmax_cross_entropy(logits, labels):
    """Return loss and dlogits, the mean cross-entropy of softmax(logits) and its gradient.

    logits: shape (N, C)
    labels: shape (N,), integers from 0 to C - 1

    Returns loss: a number; dlogits: shape (N, C)
    """
    # ---- your code starts here ----
    raise NotImplementedError("softmax_cross_entropy is not written yet")
    # ---- your code ends here ----
