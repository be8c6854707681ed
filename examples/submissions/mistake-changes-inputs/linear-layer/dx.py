def linear_dx(W, dy):
    W *= dy[:, None]
    return W.sum(axis=0)
