import numpy as np

results = {}


def linear_dW(x, dy):
    shape = (len(dy), len(x))
    if shape not in results:
        results[shape] = np.zeros(shape)
    np.copyto(results[shape], np.outer(dy, x))
    return results[shape]
