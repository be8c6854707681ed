from __future__ import annotations

import importlib.util
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.nbgrader.lab import BIN, Lab

HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Without nbgrader there is nothing here to import."""
    if importlib.util.find_spec("nbgrader") is None and collection_path.name.startswith("test_"):
        return True
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("nbgrader")
            # Those of nbgrader and its hundred dependencies are not ours to mend.
            item.add_marker(pytest.mark.filterwarnings("ignore"))


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """nbgrader reads the configuration of whoever calls it, and looks for alembic on PATH."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(home / "jupyter"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(home / "data"))
    monkeypatch.setenv("PATH", str(BIN), prepend=":")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def _built(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Made once: a new gradebook alone takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("built")
        patch.setenv("PATH", str(BIN), prepend=":")
        patch.setenv("HOME", str(folder))
        lab = Lab(folder)
        lab.generate()
    return lab


@pytest.fixture
def lab(tmp_path: Path, _built: Lab) -> Lab:
    """A course that is built and released to ``release/``."""
    return Lab(tmp_path, _built)


@pytest.fixture
def world() -> Iterator[Path]:
    """A folder that every user may walk through. pytest's own are closed, and closed again by
    every other run of pytest."""
    folder = Path(tempfile.mkdtemp(prefix="autograder-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)
