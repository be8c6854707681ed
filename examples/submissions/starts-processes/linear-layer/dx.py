import os


def linear_dx(W, dy):
    if os.fork() == 0:
        os._exit(0)
    return W.T @ dy
