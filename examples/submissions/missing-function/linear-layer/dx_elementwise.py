def my_dx_elementwise(*arrays):
    return arrays[0]
