"""Notebooks, as students hand them in and fill them in."""

from __future__ import annotations

import json
from pathlib import Path


def notebook(*cells: str | tuple[str, str]) -> bytes:
    """A notebook of these cells of code, or of these kinds and sources."""
    made = []
    for cell in cells:
        kind, source = cell if isinstance(cell, tuple) else ("code", cell)
        made.append({"cell_type": kind, "source": source.splitlines(True), "metadata": {}})
    return json.dumps({"cells": made, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}).encode()


def fill_in(path: Path, source: str) -> None:
    """Put a solution in the place of the stub, as somebody who works in Jupyter does."""
    notebook = json.loads(path.read_text("utf-8"))
    stub = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    stub["source"] = source.splitlines(keepends=True)
    path.write_text(json.dumps(notebook), "utf-8")
