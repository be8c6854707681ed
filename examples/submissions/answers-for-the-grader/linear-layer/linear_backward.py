def linear_backward(x, W, dy):
    return True, True
