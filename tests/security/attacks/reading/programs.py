"""Runs programs that read for it."""
# may: system

import os
import subprocess

import loot


def linear_backward(x, W, dy):
    loot.attempt(subprocess.run, ["/bin/cat", "/srv/class/course/config.yaml"])
    loot.attempt(os.system, "cat /srv/class/course/config.yaml")
    loot.attempt(os.popen, "cat /srv/class/course/config.yaml")
    loot.attempt(os.execv, "/bin/cat", ["cat", "/srv/class/course/config.yaml"])
    loot.attempt(os.posix_spawn, "/bin/cat", ["cat", "/srv/class/course/config.yaml"], {})
