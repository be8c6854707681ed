def my_jacobian(*arrays):
    return arrays[0]
