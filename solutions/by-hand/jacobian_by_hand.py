def jacobian_by_hand(W, x):
    y = W @ x
    J = W.copy()
    return y, J
