"""y = W x with the diagonal matrix W = diag(mask) / (1 - p), so dx = W^T dy = W dy."""


def dropout_backward(mask, p, dy):
    return dy * mask / (1 - p)
