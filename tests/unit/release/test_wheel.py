"""The wheel that is made by hand installs like any other."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from autograder import __version__
from autograder.errors import MachineError
from autograder.release import wheel
from autograder.release.wheel import build_wheel


@pytest.mark.slow
def test_the_wheel_installs_and_runs(tmp_path: Path) -> None:
    name, content = build_wheel()
    (tmp_path / name).write_bytes(content)
    target = tmp_path / "target"
    offline = ["--no-index", "--no-deps", "--isolated", "--disable-pip-version-check"]
    install = [sys.executable, "-m", "pip", "install", *offline, "--target", str(target)]
    subprocess.run([*install, str(tmp_path / name)], check=True, capture_output=True)
    # -P and the order of the path: it is the wheel's package that runs.
    code = "import autograder, sys; print(autograder.__file__, autograder.__version__)"
    run = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env={"PYTHONPATH": str(target)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == [str(target / "autograder" / "__init__.py"), __version__]
    assert (target / "bin" / "autograder").is_file()
    (found,) = metadata.distributions(path=[str(target)])
    assert found.version == __version__
    required = [line for line in found.requires or [] if "extra" not in line]
    assert {line.split(">")[0].lower() for line in required} == {
        "click", "msgspec", "numpy", "pyyaml", "rich",
    }  # fmt: skip


def test_the_same_files_make_the_same_wheel_with_nothing_else_in_it() -> None:
    name, content = build_wheel()
    assert build_wheel() == (name, content)
    names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert all(one.startswith(("autograder/", "backprop_autograder-")) for one in names)
    assert "autograder/py.typed" in names
    assert not any("__pycache__" in one for one in names)


def test_not_being_installed_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheel, "DISTRIBUTION", "no-such-distribution")
    with pytest.raises(MachineError, match=r"is not installed.*pip install"):
        build_wheel()
