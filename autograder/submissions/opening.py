"""Opening what was handed in, by descriptors from the class's folder on.

``O_NOFOLLOW`` guards the last component of a path only: who exchanges a folder for a link while
it is being read has somebody else's files read as their own. So each folder on the way is opened
by itself, without following a link, and the next is looked for in it.
"""

from __future__ import annotations

import os
from pathlib import Path

# O_NONBLOCK: a FIFO without a writer must not hold us up. Windows has none of these, and
# changes line ends without the last.
OPEN_FLAGS = os.O_RDONLY
for _flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):
    OPEN_FLAGS |= getattr(os, _flag, 0)
_FOLDER_FLAGS = OPEN_FLAGS | getattr(os, "O_DIRECTORY", 0)

_roots: list[Path] = []


def trust(root: Path) -> None:
    """Take links up to ``root`` for the instructor's, and follow none below it, in this process
    from now on."""
    if os.open in os.supports_dir_fd:
        _roots.append(Path(os.path.abspath(root)))


def open_file(path: Path) -> int:
    """A descriptor of ``path``, which may be anything but a link. Raises :class:`OSError`."""
    absolute = Path(os.path.abspath(path))
    root = next((one for one in reversed(_roots) if absolute.is_relative_to(one)), None)
    parts = () if root is None else absolute.relative_to(root).parts
    if root is None or not parts:
        return os.open(path, OPEN_FLAGS)
    folder = os.open(root, _FOLDER_FLAGS & ~getattr(os, "O_NOFOLLOW", 0))
    try:
        for part in parts[:-1]:
            inner = os.open(part, _FOLDER_FLAGS, dir_fd=folder)
            os.close(folder)
            folder = inner
        return os.open(parts[-1], OPEN_FLAGS, dir_fd=folder)
    finally:
        os.close(folder)
