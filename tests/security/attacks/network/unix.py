"""Connects to sockets of other processes by path and by abstract name."""
# may: fromfd

import socket

import loot


def connect(address):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)


def linear_backward(x, W, dy):
    for address in ("/tmp/listener", "\0listener", "/run/docker.sock", "/dev/log"):
        loot.attempt(connect, address)
    loot.attempt(socket.socketpair)
    loot.attempt(socket.fromfd, 3, socket.AF_UNIX, socket.SOCK_STREAM)
