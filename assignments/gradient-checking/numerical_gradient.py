"""Exercise numerical_gradient: a gradient from values of the function alone.

The task is described in numerical_gradient.yaml.
문제의 설명은 numerical_gradient.yaml에 있습니다.
"""

import numpy as np


def numerical_gradient(f, x, h):
    """Return g, the central differences of f at x with the step h.

    f: a function of one array of the shape of x; f(x) is a number
    x: any shape with at least one axis; may hold integers; unchanged afterwards
    h: a positive number, the step

    Returns g: float64, the shape of x
    """
    # ---- your code starts here ----
    raise NotImplementedError("numerical_gradient is not written yet")
    # ---- your code ends here ----
