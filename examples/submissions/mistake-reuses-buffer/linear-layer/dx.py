import numpy as np

results = {}


def linear_dx(W, dy):
    # Faster: no new array for each call.
    n = W.shape[1]
    if n not in results:
        results[n] = np.zeros(n)
    np.copyto(results[n], W.T @ dy)
    return results[n]
