"""Y_si = sum_j X_sj W_ij + b_i: the sum runs over the second axis of both matrices."""


def linear_forward(X, W, b):
    return X @ W.T + b
