def linear_dx(W, dy):
    dx = W.T @ dy
