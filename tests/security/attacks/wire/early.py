"""Sends an answer before anything was asked."""
# ends: malformed

import os
import sys

protocol = sys.modules["autograder.sandbox.protocol"]

PAYLOAD = protocol.encode(protocol.Done(0))
os.write(3, protocol.HEADER.pack(len(PAYLOAD)) + PAYLOAD)


def linear_backward(x, W, dy):
    return None
