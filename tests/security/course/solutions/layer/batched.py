# CANARY-solution-51c9
def batched(W, dY):
    return dY @ W
