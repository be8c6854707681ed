"""Crashes with a secret in memory, for the core dump to be found."""
# ends: crashed

import os
import resource

import loot

SECRET = "loot of eve" * 1000


def linear_backward(x, W, dy):
    loot.attempt(
        resource.setrlimit, resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    )
    loot.attempt(os.abort)
