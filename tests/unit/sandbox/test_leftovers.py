"""Whether a dictionary has changed is seen without looking at what is in it."""

from __future__ import annotations

import sys
import types
from typing import Any

import numpy as np
import pytest

from autograder.sandbox.leftovers import restorers, table_of

CHANGES = {
    "another value": "names['f'] = names['g']",
    "an equal value that is another": "names['number'] = float('1e9')",
    "a new name": "names['new'] = 1",
    "a name less": "del names['f']",
    "a name that goes and comes": "f = names.pop('f'); names['f'] = f",
    "many new names": "names.update({str(n): n for n in range(100)})",
    "names that came and went": "names.update(a=1, b=2); del names['a'], names['b']",
    "nothing": "names.clear()",
    "two that change places": "names['f'], names['g'] = names['g'], names['f']",
}
NO_CHANGES = {
    "reading": "[names['f'] for _ in range(100)]",
    "reading as code does": "exec('for _ in range(100): f, g', names.copy() | names)",
    "copies": "dict(names); list(names.items())",
    "an object that changes itself": "names['list'].append(1)",
    "the same value": "names['f'] = names['f']",
}


def module() -> types.ModuleType:
    made = types.ModuleType("made")
    vars(made).update(f=len, g=max, number=1e9, list=[], h=np.sum)
    return made


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_seen(change: str) -> None:
    names = vars(module())
    before = table_of(names)
    exec(change, {"names": names})
    assert before is not None
    assert table_of(names) != before


@pytest.mark.parametrize("act", NO_CHANGES.values(), ids=NO_CHANGES)
def test_what_changes_no_name_is_none(act: str) -> None:
    names = vars(module())
    before = table_of(names)
    exec(act, {"names": names})
    assert table_of(names) == before


def test_code_that_is_run_often_changes_nothing() -> None:
    """The interpreter then notes in the dictionary that it relies on it."""
    made = module()
    before = table_of(vars(made))
    exec("def often():\n    return f, made.g, number", vars(made) | {"made": made})
    for _ in range(100):
        made.f, made.g  # noqa: B018
    assert table_of(vars(made)) == before


def test_names_mean_again_what_they_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    made: Any = module()
    before = dict(vars(made))
    monkeypatch.setitem(sys.modules, "random", made)  # is one of those that are looked at
    several = restorers()
    made.f, made.new, made.package = None, 1, types.ModuleType("package")
    del made.g
    for restore in several:
        restore()
    assert {name: value for name, value in vars(made).items() if name != "package"} == before
    assert isinstance(made.package, types.ModuleType)
    made.f = None  # and again
    for restore in several:
        restore()
    assert made.f is len


def test_where_memory_is_laid_out_otherwise_every_name_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("autograder.sandbox.leftovers.table_of", lambda _: None)
    made: Any = module()
    monkeypatch.setitem(sys.modules, "random", made)
    several = restorers()
    made.f = None
    for restore in several:
        restore()
    assert made.f is len
