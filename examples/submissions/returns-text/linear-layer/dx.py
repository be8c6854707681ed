def linear_dx(W, dy):
    return str(W.T @ dy)
