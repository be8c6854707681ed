def linear_dx(W, dy):
    return (W * dy[:, None]).sum(axis=0)
