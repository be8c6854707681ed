"""What students install: this package's wheel and, for a lab without a network, all the others."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from autograder.errors import MachineError
from autograder.release.wheel import build_wheel
from autograder.text.said import said

WHEELS: Final = "wheels"
# Students may run the public tests with it, as the README says.
PYTEST: Final = "pytest>=8"
JUPYTER: Final = "notebook>=7"

# As pip calls them; a wheel for any of them fits. musl, and 32 bits, are nobody's laptop.
PLATFORMS: Final = {
    "windows": ("win_amd64",),
    "macos": ("macosx_11_0_arm64", "macosx_14_0_arm64", "macosx_11_0_universal2"),
    "macos-intel": ("macosx_10_13_x86_64", "macosx_10_9_x86_64", "macosx_11_0_universal2"),
    "linux": ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"),
}
SYSTEMS: Final = tuple(PLATFORMS)


class Target(Struct, frozen=True):
    """A system (one of :data:`SYSTEMS`) and a version of Python, such as ``3.12``."""

    system: str
    python: str


def package_files(
    requirement: str | None, offline: Sequence[Target], *, jupyter: bool
) -> dict[str, bytes]:
    """What ``pip install -r requirements.txt`` installs the package, pytest and, with ``jupyter``,
    Jupyter from. Without a network where ``offline`` names the system. Raises
    :class:`MachineError` where wheels cannot be had."""
    files: dict[str, bytes] = {}
    if requirement is None:
        name, content = build_wheel()
        files[f"{WHEELS}/{name}"] = content
        requirement = f"./{WHEELS}/{name}"
    lines = [requirement, PYTEST, *([JUPYTER] if jupyter else [])]
    if offline:
        files |= _downloaded(lines, files, offline)
        lines = ["--no-index", f"--find-links ./{WHEELS}", *lines]
    return files | {"requirements.txt": "".join(f"{line}\n" for line in lines).encode()}


def _downloaded(
    lines: Sequence[str], files: dict[str, bytes], targets: Sequence[Target]
) -> dict[str, bytes]:
    """The wheels of everything that the lines need, for each of the targets."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        found = folder / "found"
        for target in targets:
            _download(lines, folder, found, target)
        return {
            f"{WHEELS}/{path.name}": path.read_bytes()
            for path in sorted(found.iterdir())
            if f"{WHEELS}/{path.name}" not in files
        }


def _download(lines: Sequence[str], folder: Path, found: Path, target: Target) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--only-binary=:all:", "--dest", str(found), "--python-version", target.python]
    command += ["--implementation", "cp"]
    for platform in PLATFORMS[target.system]:
        command += ["--platform", platform]
    done = subprocess.run(
        [*command, *lines], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        complaint = [line for line in done.stderr.strip().splitlines() if "ERROR" in line]
        reason = complaint[0] if complaint else done.stderr.strip()[-200:]
        raise MachineError(
            said("error_no_wheels", system=target.system, python=target.python, reason=reason)
        )
