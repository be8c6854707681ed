"""Connects to a listener on this machine, and listens itself."""

import socket

import loot


def linear_backward(x, W, dy):
    loot.attempt(socket.create_connection, ("127.0.0.1", 45454), 0.2)
    loot.attempt(socket.create_server, ("127.0.0.1", 45455))
    loot.attempt(socket.create_connection, ("::1", 45454), 0.2)
