"""For Y = X @ W + b: dX_sj = sum_i dY_si W_ji, dW_ji = sum_s X_sj dY_si, db_i = sum_s dY_si."""


def affine_backward(X, W, b, dY):
    dX = dY @ W.T
    dW = X.T @ dY
    db = dY.sum(axis=0)
    return dX, dW, db
