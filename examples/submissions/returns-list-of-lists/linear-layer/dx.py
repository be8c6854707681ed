def linear_dx(W, dy):
    return [[value] for value in (W.T @ dy).tolist()]
