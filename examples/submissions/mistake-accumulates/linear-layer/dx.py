import numpy as np

grads = {}


def linear_dx(W, dy):
    if W.shape not in grads:
        grads[W.shape] = np.zeros(W.shape[1])
    grads[W.shape] += W.T @ dy
    return grads[W.shape].copy()
