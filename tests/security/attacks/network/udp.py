"""Sends datagrams to a listener on this machine."""

import socket

import loot


def send():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"loot", ("127.0.0.1", 45454))


def linear_backward(x, W, dy):
    loot.attempt(send)
