def linear_backward(x, W, dy):
    return W.T @ dy, dy * x
