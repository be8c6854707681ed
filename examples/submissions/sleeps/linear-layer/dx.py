import time


def linear_dx(W, dy):
    time.sleep(3600)
    return W.T @ dy
