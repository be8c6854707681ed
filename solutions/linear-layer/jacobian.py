"""y_i = sum_j W_ij x_j, so dy_i/dx_j = W_ij: the Jacobian is the weights, wherever x is."""


def jacobian(W, x):
    return W.copy()
