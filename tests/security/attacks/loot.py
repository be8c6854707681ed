"""What the attackers share: try something, and tell what came of it."""

import ctypes
import errno
import os

CLASS = "/srv/class"
libc = ctypes.CDLL(None, use_errno=True)


def attempt(action, *arguments, **options):
    """The action's result, printed; None where it is refused."""
    name = getattr(action, "__name__", str(action))
    try:
        result = action(*arguments, **options)
    except BaseException as error:
        print("refused", name, type(error).__name__, error)
        return None
    print("GOT", name, repr(result)[:3000])
    return result


def read(path):
    """A file's text by every call that opens one."""

    def plainly(path):
        with open(path, "rb") as file:
            return file.read(3000)

    def unbuffered(path):
        return os.read(os.open(path, os.O_RDONLY | os.O_NONBLOCK), 3000)

    return attempt(plainly, path) or attempt(unbuffered, path)


def syscall(name, number, *arguments):
    """A raw system call of x86_64; prints what it returned where it was not refused."""
    result = libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        print("refused", name, errno.errorcode.get(ctypes.get_errno()))
    else:
        print("GOT", name, result)
    return result
