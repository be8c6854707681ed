"""nbgrader with this grader underneath: release, collect, autograde, formgrader, feedback.

``cells`` and ``carrier`` are plain data. The rest works on nbgrader's gradebook or runs inside
nbgrader, and needs the extra ``[nbgrader]``. Nothing outside this folder imports any of it but
the command line, and that only when ``autograder nbgrader`` is called.
"""

from __future__ import annotations

import importlib.util

from autograder.errors import MachineError


def require_nbgrader() -> None:
    """Raise :class:`MachineError` where nbgrader is not installed."""
    if importlib.util.find_spec("nbgrader") is None:
        raise MachineError(
            "nbgrader is not installed here; install it with "
            "'pip install \"backprop-autograder[nbgrader]\"'"
        )
