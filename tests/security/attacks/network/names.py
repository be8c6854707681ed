"""Asks for the address of a name, which would tell it to a name server."""
# may: gethostbyname

import socket

import loot


def linear_backward(x, W, dy):
    loot.attempt(socket.getaddrinfo, "loot.example.invalid", 80)
    loot.attempt(socket.gethostbyname, "localhost")
