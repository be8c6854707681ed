"""Exercise relative_error: comparing two gradients.

The task is described in relative_error.yaml.
문제의 설명은 relative_error.yaml에 있습니다.
"""

import numpy as np


def relative_error(a, b):
    """Return e, the largest relative difference between a and b.

    a, b: arrays of the same shape

    Returns e: a number, 0 where both are zero
    """
    # ---- your code starts here ----
    raise NotImplementedError("relative_error is not written yet")
    # ---- your code ends here ----
