"""Prints the environment and the command line."""

import os
import sys


def linear_backward(x, W, dy):
    print("seen", dict(os.environ), sys.argv, sys.orig_argv[:-1], sys.flags)
