"""Every position along the leading axes is a sample: dX keeps them, dW and db sum over all."""


def leading_axes_backward(X, W, b, dY):
    m, n = W.shape
    samples, upstream = X.reshape(-1, n), dY.reshape(-1, m)
    dX = dY @ W
    dW = upstream.T @ samples
    db = upstream.sum(axis=0)
    return dX, dW, db
