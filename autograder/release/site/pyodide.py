"""Pyodide, which is Python in a browser: from jsDelivr, or from a folder that somebody has.

One version is known to work, and only that one is taken. The lock file of a release of Pyodide has
the SHA-256 of every package in it; those of the runtime's own files, which it does not have, are
those of the package ``pyodide`` on npm.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from autograder.errors import MachineError, UsageError
from autograder.text.said import said

VERSION: Final = "0.27.7"
CDN: Final = "cdn"
HOST: Final = "https://cdn.jsdelivr.net"
_NPM: Final = f"{HOST}/npm/pyodide@{VERSION}/"
_FULL: Final = f"{HOST}/pyodide/v{VERSION}/full/"
_LOCK: Final = "pyodide-lock.json"
_RUNTIME: Final = {
    "pyodide.js": "b4cb23a53aba19c221659b9fb40a2f18281d685691dc06647fb0afd0681baf98",
    "pyodide.asm.js": "6b4c90de5b7172873f04f21884d0e9d2274e305fe32116558fe3e4fbe3618d51",
    "pyodide.asm.wasm": "a50dd1843f805a0b7c45b61037ee0d7b26dfe85efe0e18ef95a34ad24e401f5f",
    "python_stdlib.zip": "16611534726e5d8ac2bd8f926410b2dcb8d6f49aa24913463533b457a2115c16",
    _LOCK: "9c45b916001a750f4102fc287494f3eab215909c7535c626a20db80fd6333e2c",
}
# As the lock file of this version has it.
_PACKAGES: Final = {
    "numpy": (
        "numpy-2.0.2-cp312-cp312-pyodide_2024_0_wasm32.whl",
        "ebb61241d962b98b21597d7ce43b67668a6d5bab3acec4fbe958657320d7cd08",
    ),
}
# What a server is not relied upon to compress.
_TO_COMPRESS: Final = (".js", ".wasm", ".json")
FOLDER: Final = "runtime"


class RuntimeFile(Struct, frozen=True):
    """A file that the page loads: from ``url``, and where that is elsewhere with the ``sha256``
    that it has to have, in base64."""

    name: str
    url: str
    gzip: bool
    sha256: str | None


class Runtime(Struct, frozen=True):
    """What the page loads, and the ``content`` of those files that are part of the site."""

    files: tuple[RuntimeFile, ...]
    content: dict[str, bytes]

    @property
    def hosts(self) -> tuple[str, ...]:
        """Where the page has to be allowed to load from."""
        return () if self.content else (HOST,)


def find_runtime(place: str) -> Runtime:
    """The runtime from ``place``: ``cdn``, a folder, or an archive of a release.

    Raises :class:`UsageError` where it is none of the version that is known to work, or damaged.
    """
    return _from_cdn() if place == CDN else _from_files(Path(place))


def _from_cdn() -> Runtime:
    files = [
        RuntimeFile(name, f"{_NPM}{name}", False, _in_base64(digest))
        for name, digest in _RUNTIME.items()
    ]
    files += [
        RuntimeFile(name, f"{_FULL}{name}", False, _in_base64(digest))
        for name, digest in _PACKAGES.values()
    ]
    return Runtime(tuple(files), {})


def _in_base64(digest: str) -> str:
    return base64.b64encode(bytes.fromhex(digest)).decode()


def _from_files(place: Path) -> Runtime:
    try:
        read = _opened(place)
        lock = read(_LOCK)
        _check_lock(place, lock)
        found = {name: read(name) for name in _RUNTIME}
        for name, digest in _PACKAGES.values():
            found[name] = read(name)
            if hashlib.sha256(found[name]).hexdigest() != digest:
                raise UsageError(said("error_pyodide_hash", path=place, file=name))
    except KeyError as error:
        name = str(error.args[0])
        key = "error_pyodide_numpy" if name.endswith(".whl") else "error_pyodide_file"
        raise UsageError(said(key, path=place, file=name, version=VERSION)) from None
    except (OSError, tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise MachineError(said("error_unreadable", path=place, reason=reason)) from None
    files, content = [], {}
    for name, data in found.items():
        is_packed = name.endswith(_TO_COMPRESS)
        stored = gzip.compress(data, 9, mtime=0) if is_packed else data
        # The name tells versions apart: what is in a browser's cache stays right.
        path = f"{FOLDER}/{hashlib.sha256(stored).hexdigest()[:12]}-{name}"
        # Not .gz: some servers would have the browser unpack it before the page does.
        path += ".packed" if is_packed else ""
        content[path] = stored
        files.append(RuntimeFile(name, path, is_packed, None))
    return Runtime(tuple(files), content)


def _check_lock(place: Path, lock: bytes) -> None:
    try:
        content: Any = msgspec.json.decode(lock)
        version = content["info"]["version"]
        known = {name: content["packages"][name]["sha256"] for name in _PACKAGES}
    except (msgspec.MsgspecError, UnicodeError, KeyError, TypeError):
        raise UsageError(said("error_pyodide_lock", path=place, file=_LOCK)) from None
    if version != VERSION:
        raise UsageError(said("error_pyodide_version", path=place, version=version, needed=VERSION))
    for name, (file, digest) in _PACKAGES.items():
        if known[name] != digest:
            raise UsageError(said("error_pyodide_hash", path=place, file=file))


def _opened(place: Path) -> Callable[[str], bytes]:
    """Reads a file of the folder or archive by its name. Raises :class:`KeyError` where there is
    none."""
    if place.is_dir():
        folder = place / "pyodide" if (place / "pyodide" / _LOCK).is_file() else place

        def read_file(name: str) -> bytes:
            path = folder / name
            if not path.is_file():
                raise KeyError(name)
            return path.read_bytes()

        return read_file
    if not place.exists():
        raise UsageError(said("error_pyodide_place", path=place, version=VERSION))
    if zipfile.is_zipfile(place):
        with zipfile.ZipFile(place) as archive:
            members = {Path(one).name: archive.read(one) for one in _wanted(archive.namelist())}
    else:
        with tarfile.open(place) as tar:
            members = {}
            for one in _wanted(tar.getnames()):
                stream = tar.extractfile(one)
                if stream is not None:
                    members[Path(one).name] = stream.read()
    return members.__getitem__


def _wanted(names: list[str]) -> list[str]:
    wanted = {*_RUNTIME, *(name for name, _ in _PACKAGES.values())}
    return [name for name in names if Path(name).name in wanted]
