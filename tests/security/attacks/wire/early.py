"""Sends an answer before anything was asked."""
# ends: malformed

import os

from autograder.sandbox import protocol

PAYLOAD = protocol.encode(protocol.Done(0))
os.write(3, protocol.HEADER.pack(len(PAYLOAD)) + PAYLOAD)


def linear_backward(x, W, dy):
    return None
