"""A class of any size in which people hand in everything: right, wrong, looping, crashing, missing
and broken, no two files alike; and all the ways of :mod:`tests.support.odd_class` beside them."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

from tests.support.odd_class import notebook, write_class
from tests.support.small_course import LOOPS, PARTLY, RIGHT, WRONG, hand_in

ODD = 75
_DX = "def linear_dx(W, dy):\n    "
# Ways to hand in that cost milliseconds.
_USUAL = (
    *(RIGHT, WRONG, RIGHT, PARTLY, RIGHT, f"{_DX}return W @ dy\n", RIGHT, WRONG, RIGHT),
    *(f"{_DX}return 1 / 0\n", RIGHT, f"{_DX}return np.einsum('ij,i->j', W, dy)\n", RIGHT),
    *("def linear_dx(W, dy:\n", RIGHT, f"{_DX}return None\n", RIGHT, f"{_DX}return W.T\n"),
    *(f"import numpy as np\n{_DX}return np.full(W.shape[1], np.nan)\n", RIGHT, "x = 1\n"),
    *(f"import numpy as np\n{RIGHT}", f"{_DX}return [float(v) for v in W.T @ dy]\n", WRONG),
)
# Ways that end a process, or that a process has to be ended for; every twentieth.
_HARD = (
    "import os\nos._exit(0)\n",
    f"import os, signal\n{_DX}os.kill(os.getpid(), signal.SIGKILL)\n",
    f"{_DX}return linear_dx(W, dy)\n",
    f"{_DX}return bytearray(1 << 50)\n",
    f"import sys\n{_DX}sys.exit(3)\n",
    f"x = {'(' * 300}",
    f"{_DX}open('/etc/passwd').read()\n",
    "\0\0\0",
)
_SLOW = (LOOPS, f"import time\n{_DX}time.sleep(60)\n", "while True:\n    pass\n")
_SLOW_EVERY = 250


def write_mixed(folder: Path, size: int, bomb: Path, *, no_program_twice: bool = False) -> None:
    """Write ``size`` submissions and two more. ``bomb`` is a folder that one of them would make if
    anybody unpickled it. Files differ by a comment, or as programs, each of which is run."""
    write_class(folder, min(ODD, size))
    for number in range(ODD, size):
        name, mark = f"s{number:05}", f"# {number}\n"
        if number % _SLOW_EVERY == 0:
            hand_in(folder, name, _SLOW[number // _SLOW_EVERY % len(_SLOW)] + mark)
        elif number % 20 == 0:
            hand_in(folder, name, _HARD[number // 20 % len(_HARD)] + mark)
        elif number % 20 == 1:  # nothing, or another file
            (folder / name / "linear-layer").mkdir(parents=True)
            if number % 40 == 1:
                (folder / name / "linear-layer" / "notes.txt").write_text(mark)
        elif number % 20 == 2:
            (folder / name / "linear-layer").mkdir(parents=True)
            content = notebook(RIGHT + mark)
            content = content[:-9] if number % 40 == 2 else content  # cut off
            (folder / name / "linear-layer" / "dx.ipynb").write_text(content)
        else:
            mark = f"handed_in_by = {number}\n" if no_program_twice else mark
            hand_in(folder, name, _USUAL[number % len(_USUAL)] + mark)
    hand_in(folder, "bomb", "")
    (folder / "bomb" / "linear-layer" / "dx.py").write_bytes(pickle.dumps(_Bomb(bomb)))
    hand_in(folder, "linked", RIGHT)
    (folder / "linked" / "linear-layer" / "more.py").symlink_to("/etc/passwd")


class _Bomb:
    """Makes a folder when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os.mkdir, (str(self.path),)
