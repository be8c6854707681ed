"""The forward pass of an exercise: the instructor's statements, as a function of the inputs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import CodeType
from typing import Any

import numpy as np

# What tracebacks call it.
FORWARD = "<forward>"


def run_forward(source: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Every variable after running the statements ``source`` on ``inputs``; ``np`` is numpy.

    The inputs are not copied: statements that change them change the caller's arrays.
    Raises whatever the statements raise.
    """
    variables: dict[str, Any] = {"np": np, **inputs}
    exec(_compiled(source), variables)
    del variables["__builtins__"]
    return variables


@cache
def _compiled(source: str) -> CodeType:
    return compile(source, FORWARD, "exec")
