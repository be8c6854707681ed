def linear_dx(W, dy):
    # d/dy (y - t)**2 = 2 (y - t)
    return 2 * W.T @ dy
