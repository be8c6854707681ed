import torch


def linear_dW(x, dy):
    return torch.outer(torch.tensor(dy), torch.tensor(x)).numpy()
