def linear_dx(W, dy):
    return W.T * dy
