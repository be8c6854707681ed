"""Notebooks made from nothing but text: the format nbformat 4.5, written by hand.

https://nbformat.readthedocs.io/en/latest/format_description.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct


class Cell(Struct, frozen=True):
    """A cell of a new notebook. ``metadata`` is what tools such as nbgrader keep there."""

    kind: Literal["markdown", "code"]
    source: str
    metadata: dict[str, Any] = {}


def notebook(cells: Sequence[Cell], metadata: dict[str, Any] | None = None) -> bytes:
    """The notebook file with these cells, for a Python kernel. The same cells give the same
    bytes."""
    content = {
        "cells": [_cell(number, cell) for number, cell in enumerate(cells, start=1)],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            **(metadata or {}),
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n"


def _cell(number: int, cell: Cell) -> dict[str, Any]:
    common = {
        "cell_type": cell.kind,
        "id": f"cell-{number}",
        "metadata": cell.metadata,
        # A line an entry, as Jupyter writes it, so that versions can be compared.
        "source": cell.source.strip("\n").splitlines(keepends=True),
    }
    return common if cell.kind == "markdown" else common | {"execution_count": None, "outputs": []}
