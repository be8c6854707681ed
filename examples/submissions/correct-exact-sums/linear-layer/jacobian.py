def jacobian(W, x):
    return W.copy()
