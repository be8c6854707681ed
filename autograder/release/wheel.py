"""This package as a wheel, made from the installed files: no network, no build tools.

A bundle and a Gradescope autograder carry the very version that the course was tested with.
https://packaging.python.org/en/latest/specifications/binary-distribution-format/
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from importlib import metadata
from pathlib import Path

from autograder import __version__
from autograder.errors import MachineError
from autograder.text.said import said

DISTRIBUTION = "backprop-autograder"

# The same content gives the same wheel, byte for byte, whenever and wherever it is made.
EPOCH = (1980, 1, 1, 0, 0, 0)
_WHEEL = "Wheel-Version: 1.0\nGenerator: backprop-autograder\nRoot-Is-Purelib: true\nTag: {tag}\n"
_TAG = "py3-none-any"


def build_wheel() -> tuple[str, bytes]:
    """File name and content of the wheel.

    Raises :class:`MachineError` where the package runs without being installed, so that nobody
    knows what it depends on.
    """
    stem = f"{DISTRIBUTION.replace('-', '_')}-{__version__}"
    files = _package_files() | {
        f"{stem}.dist-info/{name}": content for name, content in _dist_info().items()
    }
    record = f"{stem}.dist-info/RECORD"
    lines = [f"{name},{_digest(content)},{len(content)}" for name, content in files.items()]
    files[record] = ("\n".join([*lines, f"{record},,"]) + "\n").encode()
    return f"{stem}-{_TAG}.whl", zipped(files)


def zipped(files: dict[str, bytes], executable: frozenset[str] = frozenset()) -> bytes:
    """A zip of ``files``, name to content; those in ``executable`` are marked as such."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = 3  # Unix, on which the mode below depends
            entry.external_attr = (0o100755 if name in executable else 0o100644) << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _package_files() -> dict[str, bytes]:
    package = Path(__file__).parent.parent
    return {
        f"{package.name}/{path.relative_to(package).as_posix()}": path.read_bytes()
        for path in sorted(package.rglob("*"))
        if path.is_file() and path.suffix != ".pyc" and "__pycache__" not in path.parts
    }


def _dist_info() -> dict[str, bytes]:
    try:
        distribution = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        raise MachineError(said("error_not_installed", distribution=DISTRIBUTION)) from None
    header, _, _ = (distribution.read_text("METADATA") or "").partition("\n\n")
    # Of an editable installation the files may be newer than what was recorded about them.
    lines = [
        f"Version: {__version__}" if line.startswith("Version:") else line
        for line in header.splitlines()
        if not line.startswith(("Description-Content-Type:", "License-File:"))
    ]
    return {
        "METADATA": ("\n".join(lines) + "\n").encode(),
        "WHEEL": _WHEEL.format(tag=_TAG).encode(),
        "entry_points.txt": (distribution.read_text("entry_points.txt") or "").encode(),
    }


def _digest(content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"sha256={digest}"
