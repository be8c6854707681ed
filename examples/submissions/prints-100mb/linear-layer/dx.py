import numpy as np

line = "debug " * 1000 + "\n"


def linear_dx(W, dy):
    return W.T @ dy


for _ in range(100_000_000 // len(line)):
    print(line, end="")
