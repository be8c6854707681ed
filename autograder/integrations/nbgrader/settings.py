"""nbgrader's own view of a course: its configuration, folders and database."""

from __future__ import annotations

import os
import re
import shutil
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbgrader
from alembic.config import Config
from alembic.script import ScriptDirectory
from msgspec import Struct
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderApp
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange.default.exchange import Exchange
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SAWarning, SQLAlchemyError

from autograder.errors import MachineError, UsageError

CONFIG = "nbgrader_config.py"


class Settings(Struct, frozen=True):
    """``config`` is traitlets' ``Config``; ``root`` is nbgrader's course folder."""

    config: Any
    root: Path
    course_id: str
    db_url: str
    exchange: Path
    folders: Any

    def folder(self, step: str, assignment: str, student: str = ".") -> Path:
        """Such as ``folder("submitted", "linear-layer", "ada")``."""
        name = getattr(self.folders, f"{step}_directory")
        return Path(os.path.normpath(self.folders.format_path(name, student, assignment)))


def load_settings(root: Path, *, db_url: str | None = None) -> Settings:
    """What nbgrader reads when it is called in ``root``.

    Raises :class:`UsageError` where ``nbgrader_config.py`` cannot be loaded, which nbgrader
    itself passes over.
    """
    app = NbGraderApp(raise_config_file_errors=True)
    with _working_in(root):
        try:
            # A config file may be any program, and fail in any way.
            app.load_config_file(suppress_errors=False)
            folders = CourseDirectory(parent=app)
            exchange = Exchange(coursedir=folders, parent=app)
        except Exception as error:
            reason = " ".join(str(error).split())
            raise UsageError(
                f"{root / CONFIG}: cannot be loaded, so nbgrader goes on without it: "
                f"{type(error).__name__}: {reason}"
            ) from None
        found = Path(folders.root).absolute()
        return Settings(
            config=app.config,
            root=found,
            course_id=folders.course_id,
            db_url=db_url or folders.db_url,
            exchange=Path(exchange.root),
            folders=folders,
        )


@contextmanager
def _working_in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def has_gradebook(db_url: str) -> bool:
    """Whether there are tables of a gradebook. Never makes one.

    Raises :class:`MachineError` where the database cannot be reached.
    """
    file = sqlite_file(db_url)
    if file is not None and not file.is_file():
        return False
    with _database_errors(db_url):
        engine = create_engine(db_url)
        try:
            return "grade" in inspect(engine).get_table_names()
        finally:
            engine.dispose()


def has_version(db_url: str) -> bool:
    """Whether a gradebook knows its version, without which `nbgrader db upgrade` fails."""
    with _database_errors(db_url):
        engine = create_engine(db_url)
        try:
            if "alembic_version" not in inspect(engine).get_table_names():
                return False
            with engine.connect() as connection:
                rows = connection.execute(text("SELECT version_num FROM alembic_version"))
                return rows.first() is not None
        finally:
            engine.dispose()


def is_current(db_url: str) -> bool:
    """Whether a gradebook has the schema of the nbgrader that is installed. An older one makes
    nbgrader fail with an error about a column. Raises :class:`MachineError`."""
    scripts = Path(nbgrader.__file__).parent / "alembic"
    config = Config()
    config.set_main_option("script_location", str(scripts))
    newest = ScriptDirectory.from_config(config).get_current_head()
    with _database_errors(db_url):
        engine = create_engine(db_url)
        try:
            with engine.connect() as connection:
                rows = connection.execute(text("SELECT version_num FROM alembic_version"))
                return [row[0] for row in rows] == [newest]
        finally:
            engine.dispose()


def sqlite_file(db_url: str) -> Path | None:
    match = re.match(r"sqlite(?:\+\w+)?:///(?P<path>.+)", db_url)
    return None if match is None else Path(match["path"])


@contextmanager
def open_gradebook(settings: Settings) -> Iterator[Gradebook]:
    """The gradebook, made where there is none. Raises :class:`MachineError` where the database
    refuses."""
    find_alembic()
    ignore_autoflush_warnings()
    with (
        _database_errors(settings.db_url),
        Gradebook(settings.db_url, settings.course_id) as gradebook,
    ):
        yield gradebook


def ignore_autoflush_warnings() -> None:
    """Have SQLAlchemy say nothing of objects that nbgrader makes and adds later.

    nbgrader 0.9 makes a submission, reads from the database, and only then adds it. Since version
    2.0 SQLAlchemy warns of that, three times for each submission; nothing is lost by it.
    """
    warnings.filterwarnings(
        "ignore", message=r"Object of type <\w+> not in session", category=SAWarning
    )


def find_alembic() -> None:
    """Put this environment's programs on PATH if alembic, which nbgrader calls for a new
    gradebook, is not found otherwise: an environment need not be activated."""
    beside = Path(sys.executable).parent
    if shutil.which("alembic") is None and (beside / "alembic").is_file():
        os.environ["PATH"] = f"{beside}{os.pathsep}{os.environ.get('PATH', '')}"


@contextmanager
def _database_errors(db_url: str) -> Iterator[None]:
    shown = re.sub(r"://[^@/]*@", "://…@", db_url)  # without the password
    try:
        yield
    except ImportError as error:
        raise MachineError(f"{shown}: needs a driver that is not installed: {error}") from None
    except (ArgumentError, NoSuchModuleError) as error:
        raise UsageError(
            f"{shown}: is no address of a database ({_line(error)}); write it as "
            "sqlite:////path/to/gradebook.db or postgresql://user@host/name"
        ) from None
    except SQLAlchemyError as error:
        raise MachineError(f"{shown}: {_line(error)}") from None


def _line(error: Exception) -> str:
    """The first line of what the database says; the rest is the statement."""
    return str(error).strip().split("\n")[0]
