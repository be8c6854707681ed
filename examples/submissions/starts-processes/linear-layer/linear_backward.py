import threading

import numpy as np


def linear_backward(x, W, dy):
    result = []
    thread = threading.Thread(target=lambda: result.append(W.T @ dy))
    thread.start()
    thread.join()
    return result[0], np.outer(dy, x)
