"""Opens sockets of families that few filters think of."""

import socket


def linear_backward(x, W, dy):
    for family in range(46):
        for kind in (socket.SOCK_RAW, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
            try:
                socket.socket(family, kind)
                print("GOT", family, kind)
            except OSError as error:
                last = error
    print("refused", last)
