"""Reading ``submission_metadata.yml`` of a Gradescope export: YAML as Ruby writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from autograder.errors import UsageError
from autograder.text.said import said

_MAX_BYTES = 1 << 26

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


def read_metadata(path: Path) -> dict[str, Any]:
    """The metadata by the names of submissions. Raises :class:`UsageError`."""
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
