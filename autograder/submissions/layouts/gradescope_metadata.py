"""Reading ``submission_metadata.yml`` of a Gradescope export: YAML as Ruby writes it.

The platform writes it, but students choose their names, and YAML can make much of little: it is
read by the bounded child, which hands back names and times.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct

from autograder.errors import UsageError
from autograder.submissions import reader
from autograder.submissions.names import displayable
from autograder.submissions.sentences import Sentence, said_again, sentence
from autograder.text.said import said

_MAX_BYTES = 1 << 26

_LIMITS = reader.ReadLimits(
    cpu_seconds=600, wall_seconds=3600.0, memory=1 << 31, written=reader.MAX_WRITTEN
)
_MAX_NAME = 1000


class About(Struct, frozen=True):
    """Who handed a submission in, by student ID, else e-mail address, else name, and when."""

    students: list[str] = []
    submitted: datetime | None = None


class Metadata(Struct, frozen=True):
    """By the name of each submission's folder; ``fault`` says why it cannot be read."""

    submissions: dict[str, About] = {}
    fault: Sentence | None = None


_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_BASE):  # type: ignore[misc]
    """YAML as Ruby writes it: its objects are read as the mappings they are written as."""


def _plain(loader: Any, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


_Loader.add_multi_constructor("!", _plain)


def read_metadata(path: Path) -> dict[str, About]:
    """The metadata by the names of submissions. Raises :class:`UsageError`."""
    found = reader.read(
        _read_metadata,
        str(path),
        Metadata,
        lambda why: Metadata(fault=sentence(said("error_gradescope_yaml", path=path, error=why))),
        _LIMITS,
    )
    if found.fault is not None:
        raise UsageError(said_again(found.fault))
    return found.submissions


def _read_metadata(place: str) -> Metadata:
    path = Path(place)
    try:
        data = load_metadata(path)
    except UsageError as error:
        return Metadata(fault=sentence(error.args[0]))
    return Metadata(
        {
            name: About(_students(about), _time(about.get(":created_at")))
            for name, about in data.items()
            if isinstance(name, str) and isinstance(about, dict)
        }
    )


def load_metadata(path: Path) -> dict[Any, Any]:
    """Everything that the file says. Raises :class:`UsageError`."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise UsageError(said("error_too_large", path=path, limit=_MAX_BYTES >> 20))
        content = path.read_bytes()
        loader = _Loader(content)
        try:
            data = loader.get_single_data()
        finally:
            loader.dispose()
    except OSError as error:
        raise UsageError(said("error_unreadable", path=path, reason=error.strerror)) from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        line = str(error).split("\n", 1)[0]
        raise UsageError(said("error_gradescope_yaml", path=path, error=line)) from None
    if not isinstance(data, dict):
        raise UsageError(said("error_gradescope_mapping", path=path))
    return data


def _students(about: dict[Any, Any]) -> list[str]:
    submitters = about.get(":submitters")
    students = []
    for person in submitters if isinstance(submitters, list) else []:
        if isinstance(person, dict):
            names = (person.get(key) for key in (":sid", ":email", ":name"))
            plain = (name for name in names if isinstance(name, (str, int, float, date)))
            student = next((text for name in plain if (text := str(name).strip())), "")[:_MAX_NAME]
            if student:
                # Never surrogates, which no file could store.
                students.append(displayable(os.fsdecode(student.encode("utf-8", "replace"))))
    return list(dict.fromkeys(students))


def _time(value: Any) -> datetime | None:
    if isinstance(value, dict):  # a Ruby object with the time in several zones
        value = value.get("utc")
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip().replace(" UTC", "+00:00"))
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
