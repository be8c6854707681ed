def linear_dx(W, dy):
    return dy.reshape(1, -1) @ W
