"""The loss reaches x_j through every y_i: dx_j = sum_i W_ij dy_i, which is W.T @ dy."""


def linear_dx(W, dy):
    return W.T @ dy
