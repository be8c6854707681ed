"""What the tests of security share."""

from __future__ import annotations

import pytest

from tests.security import jail


@pytest.fixture(scope="session")
def namespaces() -> list[str]:
    """The command that starts another where it can do no harm."""
    found = jail.unshare()
    if found is None:
        pytest.skip("attacks run in namespaces of their own only; unshare(1) cannot make them here")
    return found
