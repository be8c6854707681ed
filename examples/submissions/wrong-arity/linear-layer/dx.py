def linear_dx(x, W, dy):
    return W.T @ dy
