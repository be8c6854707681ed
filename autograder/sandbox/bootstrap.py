"""The command that starts a zygote, and the code it runs.

The zygote cannot read this package: with an editable install it lies beside the
course, which the sandbox must not see. So the grader sends the few modules that
run inside over the control socket, compiled: both run on the same interpreter, and what
a compiler leaves behind in the zygote's memory would cost each of its forks.
"""

from __future__ import annotations

import importlib.util
import marshal
import os
import sys
import sysconfig
import types
from collections.abc import Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.sandbox.limits import Limits

_MODULES = (
    "protocol",
    "control",
    "memory",
    "landlock",
    "seccomp",
    "framing",
    "endless_loops",
    "watch",
    "child",
    "leftovers",
    "zygote",
)

# Makes the modules of a bundle importable under their own names.
_LOAD = """
sys.path += bundle["path"]
for name in ("autograder", "autograder.sandbox"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = []
package = sys.modules["autograder"].sandbox = sys.modules["autograder.sandbox"]
for name, code in bundle["modules"]:
    module = types.ModuleType("autograder.sandbox." + name)
    sys.modules[module.__name__] = module
    setattr(package, name, module)
    exec(code, module.__dict__)
"""

# Modules may not register what is done in every fork: `random` would take a new seed there, and
# what students leave unseeded should come out the same in every run.
_BOOT = f"""
import gc, marshal, os, signal, socket, sys, types
gc.disable()  # until there are children
signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the grader to handle
control = socket.socket(fileno=0)
bundle = marshal.loads(control.recv(1 << 20))
control.detach()
register, os.register_at_fork = os.register_at_fork, lambda **_: None
{_LOAD}
os.register_at_fork = register
package.zygote.main(bundle["readable"], bundle["around"])
"""

_PLAIN_MODULES = ("protocol", "framing", "endless_loops", "watch", "child", "plain_child")

_PLAIN_BOOT = f"""
import marshal, os, signal, sys, types
signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the grader to handle
def read(size):
    data = b""
    while len(data) < size:
        chunk = os.read(0, size - len(data))
        if not chunk:
            sys.exit(0)
        data += chunk
    return data
bundle = marshal.loads(read(int.from_bytes(read(4), "big")))
{_LOAD}
package.plain_child.main(bundle["limits"])
"""


def plain_command() -> list[str]:
    """Starts the interpreter for one submission, the same on every system."""
    # Not the real path: that of a Python from the Windows Store may not be started.
    executable = getattr(sys, "_base_executable", None) or sys.executable
    return [executable, "-s", "-P", "-S", "-B", "-X", "utf8", "-c", _PLAIN_BOOT]


def plain_environment() -> dict[str, str]:
    """This process's own, as libraries may be found by it, but for what configures Python."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.upper().startswith("PYTHON")
    }
    ours = environment()
    kept = ("PYTHONHASHSEED", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    return inherited | {name: ours[name] for name in kept}


def plain_bundle(limits: Limits) -> bytes:
    """The first message to a process that is not forked: its length, modules and limits."""
    content = {
        "path": library_folders(),
        "modules": _compiled(_PLAIN_MODULES),
        "limits": {
            "cpu_seconds": limits.cpu_seconds,
            "memory_mib": limits.memory_mib,
            "file_size_mib": limits.file_size_mib,
        },
    }
    encoded = marshal.dumps(content)
    return len(encoded).to_bytes(4, "big") + encoded


def _compiled(modules: Sequence[str]) -> list[tuple[str, types.CodeType]]:
    compiled = []
    for module in modules:
        name = f"{__package__}.{module}"
        # Not the module's own loader, which may be one that changes what it loads, as pytest's.
        code = SourceFileLoader(name, str(Path(__file__).with_name(f"{module}.py"))).get_code(name)
        assert code is not None
        compiled.append((module, _as_from(f"<{name}>", code)))
    return compiled


def _as_from(file: str, code: types.CodeType) -> types.CodeType:
    """The same code, which no longer says where it lies on this machine."""
    constants = tuple(
        _as_from(file, constant) if isinstance(constant, types.CodeType) else constant
        for constant in code.co_consts
    )
    return code.replace(co_filename=file, co_consts=constants)


def interpreter() -> str:
    """The interpreter itself, not the link to it in a virtual environment."""
    return os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)


def command() -> list[str]:
    """Starts the interpreter bare: no site, no current folder on the path, no bytecode files."""
    return [interpreter(), "-s", "-P", "-S", "-B", "-X", "utf8", "-c", _BOOT]


def environment() -> dict[str, str]:
    """The whole environment of student code: nothing of the grader's gets through."""
    return {
        "HOME": "/nonexistent",
        "LANG": "C.UTF-8",
        "PATH": "/usr/bin:/bin",
        "PYTHONHASHSEED": "0",
        # One thread each: a class is graded in parallel, and threads are refused.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        # Huge pages for malloc (glibc 2.35 and later): a child touches megabytes that are
        # new to it, and each fault costs more than the copy that follows.
        "PYTHONMALLOC": "malloc",
        "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    }


def bundle(readable: list[str] | None, around: list[str] | None = None) -> bytes:
    """The first message to a zygote: its modules, where the libraries are, what children may
    read, and to what the zygote is to confine itself, if nothing else confines it."""
    return marshal.dumps(
        {
            "path": library_folders(),
            "modules": _compiled(_MODULES),
            "readable": readable,
            "around": around,
        }
    )


def library_folders() -> list[str]:
    """The folders that numpy and what the zygote needs are imported from."""
    folders = []
    for name in ("numpy", "msgspec"):
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            folders.append(str(Path(spec.origin).parent.parent))
    return list(dict.fromkeys(folders))


def readable_paths() -> list[str]:
    """What student code may read: Python's modules and the system's libraries."""
    return _existing(
        sysconfig.get_path("stdlib"),
        sysconfig.get_path("platstdlib"),
        *library_folders(),
        "/lib",
        "/usr/lib",
    )


def startup_paths() -> list[str]:
    """What the interpreter reads besides, while it starts."""
    return _existing(
        interpreter(),
        *(str(path) for path in sorted(Path(sys.base_prefix).glob("lib*/libpython*"))),
        "/lib64",
        "/usr/lib64",
        "/usr/local/lib",
        "/etc/ld.so.cache",
        "/dev/urandom",
        "/sys/kernel/mm/transparent_hugepage",  # where malloc looks for huge pages
    )


def _existing(*candidates: str) -> list[str]:
    """The real paths, without those that lie inside another."""
    paths = [Path(os.path.realpath(path)) for path in candidates if os.path.exists(path)]
    return [
        str(path)
        for path in dict.fromkeys(paths)
        if not any(path != other and path.is_relative_to(other) for other in paths)
    ]
