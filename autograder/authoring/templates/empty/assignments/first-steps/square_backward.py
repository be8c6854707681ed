"""Exercise square_backward.

The task is described in square_backward.yaml.
문제의 설명은 square_backward.yaml에 있습니다.
"""


def square_backward(x, dy):
    """Return dx, the gradient of the loss with respect to x, where y = x**2.

    x, dy: arrays of one shape, which dx has, too
    """
    # ---- your code starts here ----
    raise NotImplementedError("square_backward is not written yet")
    # ---- your code ends here ----
