"""Returns views of its inputs."""
# ends: failed


def linear_backward(x, W, dy):
    return x, W
