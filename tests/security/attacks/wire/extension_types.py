"""Sends what MessagePack has besides plain data: timestamps and extensions."""
# ends: malformed

import sys

child = sys.modules["autograder.sandbox.child"]

EXTENSIONS = b"\xd6\xff\0\0\0\0" + b"\xc7\x08\x05" + b"12345678"


def linear_backward(x, W, dy):
    child.encode = lambda reply: b"\x83\xa4type\xa8returned\xa6number\x01\xa5value" + EXTENSIONS
