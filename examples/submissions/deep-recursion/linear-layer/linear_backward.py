def linear_backward(x, W, dy):
    return linear_backward(x, W, dy)
