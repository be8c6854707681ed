import numpy as np


def linear_dx(W, dy):
    # numpy 없이 list로 계산하고 마지막에만 배열로 바꿉니다.
    rows = W.tolist()
    upstream = dy.tolist()
    dx = [sum(row[j] * g for row, g in zip(rows, upstream)) for j in range(len(rows[0]))]
    return np.array(dx)
