"""Leaves POSIX shared memory, semaphores and message queues."""

import multiprocessing
import multiprocessing.shared_memory

import loot


def linear_backward(x, W, dy):
    loot.attempt(
        multiprocessing.shared_memory.SharedMemory, name="left-by-eve", create=True, size=4096
    )
    loot.attempt(multiprocessing.Semaphore)
    loot.syscall("mq_open", 240, b"left-by-eve", 0o102, 0o777, 0)
    loot.syscall("memfd_create", 319, b"left-by-eve", 0)
    loot.syscall("memfd_secret", 447, 0)
