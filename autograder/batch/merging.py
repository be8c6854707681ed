"""Shards put together: one database of all grades, from whatever shards there are.

It is made anew each time and takes the place of the one before in one step, so that merging may
run twice, or while shards are still being graded.
"""

from __future__ import annotations

import os
import socket
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from autograder.batch.shards import Shard, decisions_of, shard_files
from autograder.course.adjustments import Adjustment
from autograder.course.policy import Late
from autograder.errors import MachineError, UsageError
from autograder.grades.adjust import adjust
from autograder.grades.database import COLUMNS, GradeDatabase
from autograder.grades.store import DATABASE, has_files
from autograder.text.said import said

_BATCH = 2000
_FINGERPRINT = COLUMNS.split(", ").index("fingerprint")
# What must be the same in all shards, and what is said where it is not.
_SAME = {
    "fingerprint": "error_merge_fingerprint",
    "policy": "error_merge_policy",
    "decisions": "error_merge_decisions",
}


class ShardState(Struct, frozen=True):
    """Of an assignment in a shard: hashes of what its grades are made of, how many there are, and
    whether every submission has one."""

    fingerprint: str
    policy: str
    decisions: str
    count: int
    is_complete: bool


class Merged(Struct, frozen=True):
    """What was put together. ``missing`` are the numbers of shards of which there is no file,
    ``unfinished`` those that have not graded everything, by assignment."""

    of: int
    grades: int
    missing: tuple[int, ...]
    unfinished: dict[str, tuple[int, ...]]

    @property
    def is_complete(self) -> bool:
        return not (self.missing or any(self.unfinished.values()))


def merge(
    out: Path,
    *,
    late: Late | None = None,
    adjustments: Sequence[Adjustment] | None = None,
) -> Merged:
    """Put the shards in ``out`` together, as ``grades.sqlite`` there.

    ``adjustments`` are what people have decided by now, with the course's ``late`` policy; None
    leaves the grades as the shards have them. Raises :class:`UsageError` where shards do not belong
    together, and leaves what was there.
    """
    if has_files(out):
        raise UsageError(said("error_shard_files", folder=out))
    files = shard_files(out)
    if not files:
        raise UsageError(said("error_no_shards", folder=out))
    of = _one_number(files)
    states = {shard.number: _state(path, shard) for path, shard in files.items()}
    for what, key in _SAME.items():
        if what != "decisions" or adjustments is None:
            _refuse_mixed(states, what, key)
    temporary = out / f".{DATABASE}.{socket.gethostname()}.{os.getpid()}"
    try:
        temporary.unlink(missing_ok=True)
        with GradeDatabase(temporary, write=True) as target:
            target.begin_bulk()
            for path, shard in files.items():
                if states[shard.number]:
                    copied = _copy(path, states[shard.number], target)
                    states[shard.number] = _as_copied(states[shard.number], copied)
            target.end_bulk()
            if adjustments is not None and late is not None and _has_others(states, adjustments):
                target.rewrite(lambda grade: adjust(grade, adjustments, late))
            count = len(target.contents().grades)
        os.replace(temporary, out / DATABASE)
    except OSError as error:
        raise MachineError(
            said("error_database", path=out / DATABASE, reason=error.strerror)
        ) from None
    finally:
        temporary.unlink(missing_ok=True)
        Path(f"{temporary}-journal").unlink(missing_ok=True)
    there = {shard.number for shard in files.values()}
    names = sorted({name for state in states.values() for name in state})
    return Merged(
        of,
        count,
        tuple(number for number in range(1, of + 1) if number not in there),
        {
            name: tuple(
                number
                for number, state in sorted(states.items())
                if name not in state or not state[name].is_complete
            )
            for name in names
        }
        or {"": tuple(sorted(states))},
    )


def _one_number(files: dict[Path, Shard]) -> int:
    """Of how many the shards are."""
    (first, one), *others = files.items()
    for path, shard in others:
        if shard.of != one.of:
            raise UsageError(
                said("error_merge_numbers", first=first.name, one=one.of, path=path, of=shard.of)
            )
    return one.of


def _state(path: Path, shard: Shard) -> dict[str, ShardState]:
    """What a shard says about itself; nothing as long as it has only just begun."""
    with GradeDatabase(path) as database:
        tables = {str(name) for (name,) in database.ask("SELECT name FROM sqlite_master")}
        if not {"shard", "assignments"} <= tables:
            return {}
        for number, of in database.ask("SELECT number, of FROM shard"):
            if (number, of) != (shard.number, shard.of):
                raise UsageError(said("error_merge_renamed", path=path, number=number, of=of))
        return {
            str(name): ShardState(
                *(str(fingerprint), str(policy), str(decisions), int(str(count)), bool(complete))
            )
            for name, fingerprint, policy, decisions, count, complete in database.ask(
                "SELECT name, fingerprint, policy, decisions, submissions, complete "
                "FROM assignments"
            )
        }


def _refuse_mixed(states: dict[int, dict[str, ShardState]], what: str, key: str) -> None:
    """Raise :class:`UsageError` where an assignment is made of other things in some shards; the
    fewer of them are named."""
    for name in sorted({name for state in states.values() for name in state}):
        groups: dict[str, list[int]] = {}
        for number, state in sorted(states.items()):
            if name in state:
                groups.setdefault(getattr(state[name], what), []).append(number)
        if len(groups) > 1:
            fewest = min(groups.values(), key=lambda group: (len(group), -group[0]))
            shards = numbers(fewest)
            raise UsageError(said(key, n=len(fewest), shards=shards, assignment=name))


def numbers(shards: Sequence[int], limit: int = 10) -> str:
    """Numbers of shards as an option of a job array has them: ``1-3,7``; the first ``limit``
    runs."""
    runs: list[list[int]] = []
    for number in sorted(shards):
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    shown = [str(a) if a == b else f"{a}-{b}" for a, b in runs[:limit]]
    return ",".join(shown) + (",…" if len(runs) > limit else "")


def _has_others(
    states: dict[int, dict[str, ShardState]], adjustments: Sequence[Adjustment]
) -> bool:
    """Whether people have decided something since a shard was graded."""
    return any(
        one.decisions != decisions_of(adjustments, name)
        for state in states.values()
        for name, one in state.items()
    )


def _as_copied(state: dict[str, ShardState], copied: Counter[str]) -> dict[str, ShardState]:
    """What a shard is once its grades are copied: not complete where some of them turned out to be
    made of something else, as when it was graded with two courses at a time."""
    return {
        name: replace(one, is_complete=one.is_complete and copied[name] >= one.count)
        for name, one in state.items()
    }


def _copy(path: Path, state: dict[str, ShardState], target: GradeDatabase) -> Counter[str]:
    """Copy the grades of a shard that count and are made of what the shard says: of one that is
    being graded again, not those that are yet to be made again. How many, by assignment."""
    made_of = {name: f"{one.fingerprint}-" for name, one in state.items()}
    copied: Counter[str] = Counter()
    with GradeDatabase(path) as source:
        last = ""
        while rows := source.ask(
            f"SELECT {COLUMNS} FROM grades WHERE name > ? ORDER BY name LIMIT ?", last, _BATCH
        ):
            last = str(rows[-1][0])
            rows = [
                row
                for row in rows
                if not str(row[0]).startswith(".")
                and str(row[_FINGERPRINT]).startswith(made_of.get(str(row[2]), "\0"))
            ]
            target.put_rows(rows)
            copied.update(str(row[2]) for row in rows)
    return copied
