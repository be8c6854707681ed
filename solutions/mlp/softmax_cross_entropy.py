"""L = mean(logsumexp(z) - z_c), so dL/dz = (softmax(z) - onehot(c)) / N."""

import numpy as np


def softmax_cross_entropy(logits, labels):
    N = len(labels)
    rows = np.arange(N)
    shifted = logits - logits.max(axis=1, keepdims=True)
    e = np.exp(shifted)
    total = e.sum(axis=1, keepdims=True)
    p = e / total
    log_p = shifted - np.log(total)
    loss = -float(log_p[rows, labels].mean())
    d = p.copy()
    d[rows, labels] -= 1
    d /= N
    return loss, d
