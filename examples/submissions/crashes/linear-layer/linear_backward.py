import os


def linear_backward(x, W, dy):
    os.abort()
