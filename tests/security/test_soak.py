"""A short soak; ``make soak`` runs the long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.security import soak


@pytest.mark.slow
def test_a_short_soak_finds_no_fault(tmp_path: Path, namespaces: list[str]) -> None:
    figures = soak.run(namespaces, tmp_path, 60, kills=3, seconds=280)
    assert figures["faults"] == []
    assert figures["wrong grades"] == 0
    assert figures["submissions"] == 60
    assert "No space left on device" in figures["a full disk says"]
    assert "Read-only file system" in figures["an unwritable folder says"]
