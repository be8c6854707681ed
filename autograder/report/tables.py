"""The numbers of a report as CSV, for people with a notebook."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from autograder.errors import MachineError
from autograder.exports.context import shown
from autograder.exports.summary import points
from autograder.grades.grade_file import write_atomically
from autograder.report.gather import AssignmentReport, ClassReport, Item, MistakeReport
from autograder.report.statistics import Estimate
from autograder.text.said import said
from autograder.text.tables import spreadsheet_safe

_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?")


def write_tables(report: ClassReport, out: Path) -> list[Path]:
    """Write ``assignments.csv``, ``tests.csv``, ``mistakes.csv`` and ``people.csv`` into ``out``.
    Raises :class:`~autograder.errors.MachineError`."""
    paths = []
    for name, rows in _tables(report).items():
        paths.append(out / f"{name}.csv")
        write_atomically(paths[-1], _csv(rows))
    return paths


def write_database(report: ClassReport, path: Path) -> None:
    """Write the same tables into a database of SQLite, in the place of what was there: numbers as
    numbers, and nothing where a cell is empty. Raises :class:`~autograder.errors.MachineError`."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(temporary)) as database, database:
            for name, rows in _tables(report).items():
                columns = next(iter(rows))
                database.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
                marks = ", ".join("?" * len(columns))
                database.executemany(
                    f"INSERT INTO {name} VALUES ({marks})",
                    (tuple(map(_value, row)) for row in rows),
                )
        os.replace(temporary, path)
    except (OSError, sqlite3.Error) as error:
        raise MachineError(said("error_database", path=path, reason=error)) from None
    finally:
        temporary.unlink(missing_ok=True)


def _value(cell: str) -> str | int | float | None:
    if not _NUMBER.fullmatch(cell):
        return shown(cell) or None
    return float(cell) if "." in cell or "e" in cell else int(cell)


def _tables(report: ClassReport) -> dict[str, Iterator[Sequence[str]]]:
    """The rows of each table, the names of its columns first."""
    return {
        "assignments": _assignments(report),
        "tests": _tests(report),
        "mistakes": _mistakes(report),
        "people": _people(report),
    }


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as CSV in UTF-8. No text is a formula; numbers stay numbers, negative ones too."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for row in rows:
        writer.writerow(
            [one if _NUMBER.fullmatch(one) else spreadsheet_safe(shown(one)) for one in row]
        )
    return buffer.getvalue().encode()


def _assignments(report: ClassReport) -> Iterator[Sequence[str]]:
    yield (
        *("assignment", "max_score", "handed_in", "absent", "late", "mean", "quartile_1", "median"),
        *("quartile_3", "alpha", "alpha_low", "alpha_high"),
    )
    for one in report.assignments:
        numbers = map(_number, (one.mean, *one.quartiles))
        counts = map(str, (one.students, len(one.absent), one.late))
        yield one.name, points(one.max_score), *counts, *numbers, *_estimate(one.alpha)


def _tests(report: ClassReport) -> Iterator[Sequence[str]]:
    yield (
        *("assignment", "exercise", "test", "visibility", "max_score", "n", "passed"),
        *("facility", "facility_low", "facility_high"),
        *("discrimination", "discrimination_low", "discrimination_high"),
        "discriminative_efficiency",
    )
    for one in report.assignments:
        for item in (*one.exercises, *one.tests):
            yield _item(one, item)


def _item(one: AssignmentReport, item: Item) -> Sequence[str]:
    found = item.statistics
    efficiency = "" if found.efficiency is None else _number(found.efficiency)
    return (
        *(one.name, item.exercise, item.test, item.visibility or "", points(item.max_score)),
        *(str(found.facility.n), str(item.passed)),
        *_estimate(found.facility),
        *_estimate(found.discrimination),
        efficiency,
    )


def _mistakes(report: ClassReport) -> Iterator[Sequence[str]]:
    yield (
        *("assignment", "exercise", "mistake", "computed", "students", "share", "points"),
        *("hint", "who"),
    )
    for one in (*report.mistakes, *report.unexplained):
        yield _mistake(one)


def _mistake(one: MistakeReport) -> Sequence[str]:
    said = one.hint or one.message
    numbers = (str(len(one.students)), _number(one.share), points(one.points))
    names = (one.assignment, one.exercise, one.mistake, one.computed)
    return (*names, *numbers, said, "; ".join(one.students))


def _people(report: ClassReport) -> Iterator[Sequence[str]]:
    yield ("student", "name", "assignment", "remark", "detail")
    for one in report.people:
        detail = "; ".join(f"{name}: {value}" for name, value in one.detail.items())
        name = report.names.get(one.student, "")
        yield one.student, name, one.assignment, one.key.removeprefix("report_"), detail


def _estimate(found: Estimate | None) -> tuple[str, str, str]:
    if found is None:
        return "", "", ""
    low = "" if found.low is None else _number(found.low)
    return _number(found.value), low, "" if found.high is None else _number(found.high)


def _number(value: float) -> str:
    return f"{value:.6g}"
