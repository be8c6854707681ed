"""For Y = X @ W.T + b: dX_sj = sum_i dY_si W_ij, dW_ij = sum_s dY_si X_sj, db_i = sum_s dY_si."""


def batched_backward(X, W, b, dY):
    dX = dY @ W
    dW = dY.T @ X
    db = dY.sum(axis=0)
    return dX, dW, db
