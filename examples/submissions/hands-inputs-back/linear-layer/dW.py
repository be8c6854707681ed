def linear_dW(x, dy):
    return x
