"""Sends and receives descriptors and messages over the channel."""

import array
import socket

import loot


def linear_backward(x, W, dy):
    channel = loot.attempt(socket.socket, fileno=3)
    for descriptor in (0, 1, 3):
        loot.syscall("sendmsg", 46, descriptor, 0, 0)
        loot.syscall("recvmsg", 47, descriptor, 0, 0)
        loot.syscall("sendto", 44, descriptor, 0, 0, 0, 0, 0)
        loot.syscall("shutdown", 48, descriptor, 2)
        loot.syscall("accept4", 288, descriptor, 0, 0, 0)
        loot.syscall("getsockopt", 55, descriptor, 1, 17, 0, 0)
    if channel is not None:
        channel.detach()
    print(array.array("i", [3]))
