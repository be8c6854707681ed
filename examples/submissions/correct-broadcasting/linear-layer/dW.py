def linear_dW(x, dy):
    return dy[:, None] * x
