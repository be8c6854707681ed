"""Y = X @ W.T + b as a layer; backward needs W for dX and the latest X for dW."""


class Linear:
    """dX = dY @ W, dW = dY.T @ X, and db is the sum of the rows of dY."""

    def __init__(self, W, b):
        self.W = W
        self.b = b

    def forward(self, X):
        self.X = X
        return X @ self.W.T + self.b

    def backward(self, dY):
        self.dW = dY.T @ self.X
        self.db = dY.sum(axis=0)
        return dY @ self.W
