import numpy as np

results = {}


def linear_backward(x, W, dy):
    if W.shape not in results:
        results[W.shape] = np.zeros(len(x)), np.zeros(W.shape)
    dx, dW = results[W.shape]
    np.copyto(dx, W.T @ dy)
    np.copyto(dW, np.outer(dy, x))
    return dx, dW
