def linear_Dx(W, dy):
    return W.T @ dy
