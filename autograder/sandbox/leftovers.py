"""Takes away what code for one exercise leaves behind in its process, before the next comes.

A process that is forked pays for each page that it writes to, and to look at an object is to count
a reference, which writes to it. Where nobody has changed any of a thousand names, which is nearly
always, none of them is looked at: the memory of the dictionary is compared with what it was.

Runs inside the sandbox, sent by the grader.
"""

from __future__ import annotations

import ctypes
import itertools
import sys
import types
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

# Where code may leave something that other code then finds.
_WRITTEN_TO = """
builtins math random warnings numpy numpy.linalg numpy.random numpy.fft
"""

# A dictionary of CPython: counter of references and type; how many names; a version; where the
# table is that has its names and values; and for those of instances, values apart from it.
_DICT = 48
_TABLE = 32
# What the table begins with may change while names and values do not.
_TABLE_HEAD = 32


def restorers() -> list[Callable[[], object]]:
    """Functions that bring back what there is now, before any submission."""
    filters, depth = list(warnings.filters), sys.getrecursionlimit()
    errors, on_error, options = np.geterr(), np.geterrcall(), _print_options()

    def forget_warnings() -> None:
        warnings.filters[:] = filters  # type: ignore[index]
        with warnings.catch_warnings():  # what has been warned of is warned of again
            pass

    modules = len(sys.modules)

    def forget_made_modules() -> None:
        """Those that no file is behind. What has come is at the end."""
        new = itertools.islice(reversed(sys.modules), max(0, len(sys.modules) - modules))
        for name in list(new):
            if getattr(sys.modules[name], "__spec__", None) is None:
                del sys.modules[name]

    def print_as_before() -> None:
        if _print_options() != options:
            np.set_printoptions(**options)

    return [
        *(_names_of(sys.modules[name]) for name in _WRITTEN_TO.split() if name in sys.modules),
        forget_warnings,
        forget_made_modules,
        lambda: np.seterr(**errors),
        lambda: np.seterrcall(on_error),
        print_as_before,
        lambda: sys.setrecursionlimit(depth),
    ]


def _print_options() -> dict[str, Any]:
    """How numpy prints arrays, as far as it can be set so."""
    options = dict(np.get_printoptions())
    options.pop("override_repr", None)
    return options


def _names_of(module: types.ModuleType) -> Callable[[], None]:
    """Makes the module's names mean again what they mean now. Submodules that came are kept."""
    names, before = vars(module), dict(vars(module))
    table = table_of(names)

    def restore() -> None:
        nonlocal table
        if table is not None and table_of(names) == table:
            return
        for name in names.keys() - before.keys():
            if not isinstance(names[name], types.ModuleType):
                del names[name]
        for name, value in before.items():
            if names.get(name) is not value:
                names[name] = value
        table = table_of(names)

    return restore


def table_of(names: dict[str, Any]) -> bytes | None:
    """The memory in which a dictionary has where its names and values lie: another one after
    every change. None where that is not kept as CPython does on machines of 64 bits."""
    size = dict.__sizeof__(names) - _DICT - _TABLE_HEAD
    if sys.implementation.name != "cpython" or dict.__basicsize__ != _DICT or size <= 0:
        return None
    table = ctypes.c_size_t.from_address(id(names) + _TABLE).value
    return ctypes.string_at(table + _TABLE_HEAD, size)
