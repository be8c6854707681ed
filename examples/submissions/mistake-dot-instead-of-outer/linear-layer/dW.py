def linear_dW(x, dy):
    return dy @ x
