"""Which of the files handed in counts for which exercise.

The function decides, not the name alone: a file in which it is written comes before one in which
it is as it was handed out. A file under another name counts where it is the only one of its kind;
otherwise it is named, and nothing is guessed. Every file that was handed in ends up in exactly one
place: used, or not used for a reason.
"""

from __future__ import annotations

import ast
import codecs
import io
import re
import tokenize
import warnings
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct

from autograder.course.exercise import FORM
from autograder.submissions.definitions import LeftOut, is_available
from autograder.submissions.functions import State, state_of
from autograder.submissions.listing import Item, Unreadable
from autograder.submissions.magics import without_magics
from autograder.submissions.names import Meaning, meaning, same
from autograder.submissions.notebook import (
    NotebookError,
    Program,
    TooMuchCode,
    extract,
    looks_like_notebook,
    parse_file,
    parse_notebook,
    without_unneeded,
)
from autograder.submissions.receipt import MAX_BYTES as MAX_RECEIPT
from autograder.submissions.receipt import RECEIPT, hash_of, read_receipt

if TYPE_CHECKING:  # it imports yaml, which reading grades does without
    from autograder.submissions import forms

# Parsing it, for rules about the source, takes some 700 times its size in memory.
MAX_SOURCE_BYTES = 1 << 18
# All of a submission together: it is sent to the sandbox, and may be for every test.
MAX_TOTAL = 1 << 20
MAX_FILES = 100
MAX_NOTEBOOK_BYTES = 1 << 24  # with the pictures in it

Unused: TypeAlias = (
    Unreadable
    | Literal[
        "",
        "near",
        "other_counts",
        "unneeded",
        "not_code",
        "system",
        "platform",
        "receipt",
        "receipt_differs",
    ]
)
"""Why a file is not used; empty where it is. ``near``: it may be meant for an exercise, but so may
another; ``other_counts``: another file counts; ``unneeded``: it belongs to no exercise;
``system``: a program left it; ``platform``: the platform wrote it; ``receipt`` is that of
``autograder submit``, ``receipt_differs`` one of other files than those beside it."""

# Encodings of text that people use. Python has others, which decode to what is not text (lone
# surrogates) or take hours for a megabyte.
_CHARACTER_SET = re.compile(
    r"ascii|utf-8(-sig)?|(iso8859|cp|euc|shift_jis|gb|big5|johab|koi8|mac)[\w-]*"
)
_IMPORTED = re.compile(r"^[ \t]*(?:from|import)[ \t]+([^#\n]*)", re.MULTILINE)
_MAGIC = re.compile(r"^[ \t]*[%!]", re.MULTILINE)
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_MAIN = re.compile(r"^if\b.*__main__", re.MULTILINE)


class Wanted(Struct, frozen=True):
    """An exercise, and the name that its tests call. ``whole``: they may look at other names.
    ``answers`` are the values of one without code, for which a form counts."""

    exercise: str
    function: str
    whole: bool = False
    answers: tuple[str, ...] = ()


class Work(Struct, frozen=True):
    """What counts for an exercise: the file as it was handed in, and its source text, or why
    there is none."""

    file: str
    source: str | None = None
    problem: Unreadable | None = None
    left_out: tuple[LeftOut, ...] = ()


class HandedIn(Struct, frozen=True):
    """A file that was handed in. ``used_as`` are the names that it is graded under, and of a
    module the one that it is imported by; ``reason`` why it is not used; ``meant`` the file that
    it may be, or that counts instead."""

    path: str
    used_as: tuple[str, ...] = ()
    reason: Unused = ""
    meant: str = ""
    fault: str = ""
    """Of what cannot be read, what a parser of ours failed on, for instructors."""


class Chosen(Struct, frozen=True):
    """``files`` and ``unreadable`` are by the names that they can be imported under."""

    files: dict[str, str]
    unreadable: dict[str, Unreadable]
    work: dict[str, Work]
    handed_in: tuple[HandedIn, ...]


def choose(items: Sequence[Item], wanted: Sequence[Wanted], assignment: str) -> Chosen:
    """What counts of everything that was handed in. Never raises for what is in it."""
    return _Choice(items, wanted, assignment).made()


def decode_source(content: bytes) -> str:
    """Source text as Python reads it: byte order mark, coding cookie, any line ends.

    Raises :class:`SyntaxError`, :class:`UnicodeError` or :class:`LookupError` where Python
    would refuse it too.
    """
    encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    if not _CHARACTER_SET.fullmatch(codecs.lookup(encoding).name):
        raise LookupError(encoding)
    text = content.decode(encoding)
    return text.replace("\r\n", "\n").replace("\r", "\n")


class _Read(Struct):
    """An item that has been read: its text, or why there is none."""

    item: Item
    meaning: Meaning
    text: str = ""
    is_notebook: bool = False
    program: Program | None = None
    problem: Unreadable | None = None
    is_parsed: bool = False
    tier: int = 0

    def state(self, name: str) -> State | None:
        """How far a function is written; None where Python cannot read the file."""
        program = self.parsed()
        if program is None:
            return None
        state = state_of([one.node for one in program.statements], name)
        if state is State.absent and any(f"def {name}(" in code for _, code in program.broken):
            return State.begun
        return state

    def parsed(self) -> Program | None:
        if not self.is_parsed:
            self.is_parsed = True
            if self.program is None and self.problem is None:
                try:
                    self.program = parse_file(self.text)
                except (SyntaxError, ValueError, RecursionError, MemoryError):
                    self.program = None
        return self.program

    @property
    def is_broken(self) -> bool:
        return self.problem is not None or self.parsed() is None


class _Choice:
    def __init__(self, items: Sequence[Item], wanted: Sequence[Wanted], assignment: str) -> None:
        self._wanted = wanted
        self._assignment = assignment
        self._exercises = [one.exercise for one in wanted]
        self._meanings = [meaning(one.name, self._exercises, assignment) for one in items]
        self._items = items
        self._main = self._main_folder()
        self._read: list[_Read | None] = [None] * len(items)
        self._used_as: dict[int, list[str]] = {}
        self._forms: dict[int, str] = {}
        self._near: dict[int, str] = {}
        self._total = 0
        self._count = 0
        self._read_all()

    def _is_code(self, number: int) -> bool:
        return self._items[number].kind in ("python", "notebook")

    def _main_folder(self) -> str:
        """The folder that the work is in: the top, or the one folder around everything; in it,
        the one of the assignment's name."""
        kinds = ("python", "notebook", "form")
        folders = [one.folder for one in self._items if one.kind in kinds]
        folders = [one for one in folders if not one.startswith("../")]
        main = ""
        while folders and main not in folders:
            nexts = {one[len(main) :].partition("/")[0] for one in folders}
            if len(nexts) != 1:
                break
            main += f"{nexts.pop()}/"
        for inner in (f"assignments/{self._assignment}/", f"{self._assignment}/"):
            if f"{main}{inner}" in folders:
                return f"{main}{inner}"
        return main

    def _tier(self, number: int) -> int:
        """How near to where the work belongs: 0 in its place, under its name; 1 elsewhere under
        its name; 2 under a name that differs in form; 3 under another."""
        item, meant = self._items[number], self._meanings[number]
        if meant.distance == 0 and meant.exercise:
            return 0 if item.folder == self._main else 1
        return 2 if meant.exercise and meant.distance < 3 else 3

    def _read_all(self) -> None:
        order = [number for number in range(len(self._items)) if self._is_code(number)]
        order.sort(key=lambda number: (self._tier(number), self._items[number].path))
        for number in order:
            self._read[number] = self._read_item(number)
        if not any(item.kind == "text" for item in self._items):
            return
        missing = [one for one in self._wanted if not (one.answers or self._has_written(one))]
        for number, item in enumerate(self._items):  # what an editor or a browser renamed
            if item.kind == "text" and item.problem is None:
                read = self._read_item(number)
                if not read.is_broken and any(
                    (read.state(one.function) or 0) >= State.begun for one in missing
                ):
                    self._read[number] = read

    def _has_written(self, one: Wanted) -> bool:
        return any(
            read is not None
            and read.tier == 0
            and read.meaning.exercise in (one.exercise, self._assignment)
            and read.state(one.function) is State.written
            for read in self._read
        )

    def _read_item(self, number: int) -> _Read:
        item = self._items[number]
        read = _Read(item, self._meanings[number], tier=self._tier(number))
        read.problem = item.problem
        if read.problem is None and (self._count >= MAX_FILES or self._total >= MAX_TOTAL):
            read.problem = "too_many"
        if read.problem is not None:
            return read
        self._count += 1
        content = item.read(MAX_NOTEBOOK_BYTES)
        if not isinstance(content, bytes):
            is_notebook = item.kind == "notebook" and content == "too_large"
            read.problem = "notebook_too_large" if is_notebook else content
            return read
        _decode_into(read, content)
        self._total += len(read.text.encode("utf-8", "replace"))
        return read

    # what counts

    def made(self) -> Chosen:
        work: dict[str, Work] = {}
        for one in self._wanted:
            if one.answers:
                work |= self._form_for(one)
        modules = self._modules()
        siblings = frozenset(one.partition("/")[0].removesuffix(".py") for one in modules)
        siblings |= {one.exercise for one in self._wanted}
        for one in self._wanted:
            if one.answers:
                if one.exercise not in work and (closed := self._closed_archive()) is not None:
                    work[one.exercise] = Work(closed.path, problem=closed.problem)
                continue
            number = self._pick(one)
            if number is not None:
                read = self._read[number]
                assert read is not None
                self._used_as.setdefault(number, []).append(f"{one.exercise}.py")
                work[one.exercise] = _work_of(read, one, siblings)
            elif number is None and (closed := self._closed_archive()) is not None:
                work[one.exercise] = Work(closed.path, problem=closed.problem)
        files, unreadable = self._by_name(modules, siblings)
        handed_in = tuple(self._account(number, modules) for number in range(len(self._items)))
        return Chosen(files, unreadable, work, handed_in)

    def _form_for(self, one: Wanted) -> dict[str, Work]:
        """The form in which most is filled in, or what is wrong with the only one there is."""
        from autograder.submissions import forms

        found: list[tuple[int, int, int, forms.Form]] = []
        problems: list[tuple[int, Unreadable]] = []
        for number in range(len(self._items)):
            form = self._read_form(number, one)
            if isinstance(form, str):
                if self._meanings[number].exercise == one.exercise:
                    problems.append((number, form))
            elif form is not None:
                found.append((-form.filled, self._tier(number), number, form))
        if found:
            *_, number, form = min(found, key=lambda each: each[:3])
            self._used_as.setdefault(number, []).append(f"{one.exercise}{FORM}")
            for *_, other, _form in found:
                self._forms.setdefault(other, one.exercise)
            return {one.exercise: Work(self._items[number].path, forms.encode(form))}
        if problems:
            number, problem = problems[0]
            return {one.exercise: Work(self._items[number].path, problem=problem)}
        return {}

    def _read_form(self, number: int, one: Wanted) -> forms.Form | Unreadable | None:
        """The form for an exercise, where the item is one; or why it cannot be read."""
        from autograder.submissions import forms

        item, meant = self._items[number], self._meanings[number]
        if item.kind == "form":
            content = item.read(forms.MAX_BYTES)
            if not isinstance(content, bytes):
                return content
            form = forms.read_yaml(content)
            return form if form is not None and form.exercise == one.exercise else None
        read = self._read[number]
        if read is None or meant.exercise not in (one.exercise, self._assignment):
            return None
        program = read.parsed()
        if read.problem is not None or program is None:
            return read.problem or "encoding"
        nodes = (statement.node for statement in program.statements)
        form = forms.read_assignments(nodes, one.exercise, one.answers)
        return form if form.answers else None

    def _closed_archive(self) -> Item | None:
        """The first archive that could not be opened: what is missing may be in it."""
        found = (one for one in self._items if one.kind == "archive" and one.problem is not None)
        return next(found, None)

    def _pick(self, one: Wanted) -> int | None:
        """The number of the item that counts for an exercise."""
        tiers = self._candidates(one)
        if sum(map(len, tiers)) == len(tiers[0]) == 1:
            return tiers[0][0]  # by far the most: one file, in its place, under its name
        doubtful = self._near_in(tiers, one)
        if isinstance(doubtful, int):
            return doubtful
        for number in doubtful:
            self._near.setdefault(number, f"{one.exercise}.py")
        return None

    def _near_in(self, tiers: Sequence[Sequence[int]], one: Wanted) -> int | list[int]:
        """The item that counts, or those of which one may."""
        states: dict[int, State | None] = {}
        for number in (number for tier in tiers for number in tier):
            read = self._read[number]
            states[number] = None if read is None else read.state(one.function)
        for state in (State.written, State.begun):
            for rank, tier in enumerate(tiers):
                found = [number for number in tier if states[number] is state]
                if found and (rank == 0 or self._is_one(found)):
                    return found[0]
                if found:
                    return found
        # Nothing is written: what Python cannot read is more of an attempt than what is untouched.
        broken = [[number for number in tier if self._is_broken(number)] for tier in tiers]
        stubs = [[number for number in tier if states[number] is State.stub] for tier in tiers]
        for several in (broken[:3], stubs[:3], tiers[:3], broken[3:4]):
            for tier in several:
                if len(tier) == 1 or (tier and tier[0] in tiers[0]):
                    return tier[0]
                if tier:
                    return list(tier)
        return []

    def _is_broken(self, number: int) -> bool:
        read = self._read[number]
        return read is None or read.is_broken

    def _is_one(self, numbers: Sequence[int]) -> bool:
        """Whether they are one file, or copies with the same text."""
        texts = {read.text for number in numbers if (read := self._read[number]) is not None}
        return len(texts) == 1

    def _candidates(self, one: Wanted) -> list[list[int]]:
        """The items that may hold an exercise, the nearest first, in five tiers: those of
        :meth:`_tier`, and last the files of other exercises."""
        tiers: list[list[int]] = [[], [], [], [], []]
        functions = {each.exercise: each.function for each in self._wanted}
        for number, read in enumerate(self._read):
            if read is None:
                continue
            meant = self._meanings[number]
            if meant.exercise == one.exercise or (
                meant.exercise == self._assignment and read.is_notebook
            ):
                tiers[read.tier].append(number)
            elif not meant.exercise or meant.distance == 3:
                if self._defines(read, one.function):
                    tiers[3].append(number)
            elif one.function != functions.get(meant.exercise) and self._defines(
                read, one.function
            ):  # a function that both exercises ask for is that of the file's own
                tiers[4].append(number)
        order = {f"{one.exercise}.py": 0, f"{one.exercise}.ipynb": 1}
        tiers[0].sort(key=lambda number: order.get(same(self._items[number].name), 2))
        return tiers

    def _defines(self, read: _Read, function: str) -> bool:
        """Whether it is written there, and not only imported."""
        program = read.parsed() if function in read.text else None
        if program is None:
            return False
        nodes = [
            one.node
            for one in program.statements
            if not isinstance(one.node, (ast.Import, ast.ImportFrom))
        ]
        return state_of(nodes, function) is State.written

    # what it can import

    def _modules(self) -> dict[str, int]:
        """The Python files that others can import, by their paths from the main folder; beside
        these, what lies at the very top or beside the submission."""
        found: dict[str, int] = {}
        for folder in dict.fromkeys((self._main, "", "../")):
            for number, read in enumerate(self._read):
                if read is None or read.item.kind != "python" or read.is_notebook:
                    continue
                path = read.item.path
                if not path.startswith(folder) or (folder == "" and path.startswith("../")):
                    continue
                name = path[len(folder) :]
                parts = name.removesuffix(".py").split("/")
                if len(parts) == 1 or all(part.isidentifier() for part in parts):
                    found.setdefault(same(name) if name.endswith(".py") else name, number)
        return {name: number for name, number in found.items() if name.endswith(".py")}

    def _by_name(
        self, modules: dict[str, int], siblings: frozenset[str]
    ) -> tuple[dict[str, str], dict[str, Unreadable]]:
        files: dict[str, str] = {}
        unreadable: dict[str, Unreadable] = {}
        for name, number in modules.items():
            read = self._read[number]
            assert read is not None
            if read.problem is not None:
                unreadable[name] = read.problem
                continue
            exercise = name.removesuffix(".py")
            function = next((w.function for w in self._wanted if w.exercise == exercise), None)
            roots = [function] if function else self._asked_of(name, read)
            files[name] = _cleaned(read, roots, siblings)
        for read in self._read:
            if read is None or read.item.folder != self._main or read.item.kind != "notebook":
                continue
            if read.problem is not None:
                unreadable[read.item.name] = read.problem
            elif read.is_notebook:
                # Its own functions, for those who do not say what they want.
                assert read.program is not None
                files[read.item.name] = "" if self._wanted else extract(read.program).source
                for name, text in read.program.files.items():
                    files.setdefault(name, text)
        return dict(sorted(files.items())), dict(sorted(unreadable.items()))

    def _asked_of(self, module: str, own: _Read) -> list[str]:
        """The names that other files take from a module; of ``from module import *`` all."""
        path = module.removesuffix("/__init__.py").removesuffix(".py").split("/")
        asked: set[str] = set()
        for read in self._read:
            program = None if read is None or read is own else read.parsed()
            if program is None:
                continue
            nodes = [node for one in program.statements for node in ast.walk(one.node)]
            called = {path[-1]}
            for node in nodes:
                if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[-1:] == [
                    path[-1]
                ]:
                    asked |= {alias.name for alias in node.names}
                elif isinstance(node, (ast.Import, ast.ImportFrom)):
                    called |= {
                        alias.asname
                        for alias in node.names
                        if alias.asname and alias.name.split(".")[-1] == path[-1]
                    }
            for node in nodes:
                if isinstance(node, ast.Attribute):
                    owner = node.value
                    last = owner.attr if isinstance(owner, ast.Attribute) else ""
                    last = owner.id if isinstance(owner, ast.Name) else last
                    asked |= {node.attr} if last in called else set()
        program = own.parsed()
        if "*" in asked and program is not None:
            asked |= {getattr(one.node, "name", "") for one in program.statements}
        return sorted(asked)

    # what became of each

    def _account(self, number: int, modules: dict[str, int]) -> HandedIn:
        item, read, meant = self._items[number], self._read[number], self._meanings[number]
        used = self._used_as.get(number)
        file = f"{meant.exercise}.py" if meant.exercise in self._exercises else ""
        problem = item.problem if read is None else read.problem
        if problem is not None:
            return HandedIn(item.path, reason=problem, meant=file)
        if used:
            return HandedIn(item.path, tuple(used))
        if number in self._near:
            return HandedIn(item.path, reason="near", meant=self._near[number])
        if number in self._forms:
            meant_file = f"{self._forms[number]}{FORM}"
            return HandedIn(item.path, reason="other_counts", meant=self._who_counts(meant_file))
        if read is None:
            kind = item.kind
            if kind == "archive":
                return self._account_of_archive(item.path)
            reason: Unused = self._receipt(item) if item.name == RECEIPT else "not_code"
            if kind in ("system", "platform"):
                reason = "system" if kind == "system" else "platform"
            return HandedIn(item.path, reason=reason)
        if file and file in self._all_used():
            return HandedIn(item.path, reason="other_counts", meant=self._who_counts(file))
        module = next((name for name, one in modules.items() if one == number), None)
        if module is not None:
            return HandedIn(item.path, (module,))
        if meant.exercise == self._assignment and self._all_used():
            return HandedIn(item.path, reason="other_counts")
        return HandedIn(item.path, reason="unneeded", meant=file)

    def _receipt(self, item: Item) -> Unused:
        """Whether the receipt is of the files that lie beside it."""
        content = item.read(MAX_RECEIPT)
        receipt = read_receipt(content) if isinstance(content, bytes) else None
        if receipt is None:
            return "not_code"
        beside = {one.name: one for one in self._items if one.folder == item.folder}
        files: dict[str, bytes] = {}
        for name in receipt.files[:MAX_FILES]:
            found = beside[name].read(MAX_NOTEBOOK_BYTES) if name in beside else None
            if isinstance(found, bytes):
                files[name] = found
        return "receipt" if hash_of(files) == receipt.hash else "receipt_differs"

    def _account_of_archive(self, path: str) -> HandedIn:
        """A zip that was opened is used where something in it is."""
        inside = [n for n, one in enumerate(self._items) if one.path.startswith(f"{path}/")]
        names = [name for number in inside for name in self._used_as.get(number, ())]
        return HandedIn(path, tuple(names)) if names else HandedIn(path, reason="unneeded")

    def _all_used(self) -> set[str]:
        return {name for names in self._used_as.values() for name in names}

    def _who_counts(self, file: str) -> str:
        return next(self._items[n].path for n, names in self._used_as.items() if file in names)


def _decode_into(read: _Read, content: bytes) -> None:
    """Take the bytes for what they are: a notebook, whatever it is called, or Python."""
    item = read.item
    if item.kind == "notebook" and content.startswith(_UTF_16):  # as a shell of Windows writes it
        content = content.decode("utf-16", "replace").encode("utf-8", "replace")
    if item.kind == "notebook" or looks_like_notebook(content):
        try:
            read.program = parse_notebook(content)
            read.is_notebook = read.is_parsed = True
            read.text = read.program.text
            return
        except TooMuchCode:
            read.problem = "too_large"
            return
        except NotebookError:
            if looks_like_notebook(content) or not content.strip():
                read.problem = "notebook"
                return
    try:
        if len(content) > MAX_SOURCE_BYTES:
            read.problem = "too_large"
            return
        read.text = _without_magics(decode_source(content))
    except (SyntaxError, UnicodeError, LookupError):
        read.problem = "encoding"
    if item.kind == "notebook" and (read.problem or not _defines_something(read.parsed())):
        read.problem = "notebook"  # neither a notebook nor a script that is called one


def _without_magics(source: str) -> str:
    """The text of a file; of one that was copied out of a notebook without ``%matplotlib inline``
    and its kind, where Python cannot read it with them."""
    if not _MAGIC.search(source) or _is_python(source):
        return source
    text = without_magics(source)
    return text if _is_python(text) else source


def _is_python(source: str) -> bool:
    try:
        parse_file(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _defines_something(program: Program | None) -> bool:
    kinds = (ast.FunctionDef, ast.ClassDef)
    return program is not None and any(isinstance(one.node, kinds) for one in program.statements)


def _work_of(read: _Read, one: Wanted, siblings: frozenset[str]) -> Work:
    path = read.item.path
    if read.problem is not None:
        return Work(path, problem=read.problem)
    if read.is_notebook and read.program is not None:
        roots = None if one.whole else [one.function]
        try:
            found = extract(read.program, roots, siblings)
        except NotebookError:
            return Work(path, problem="notebook")
        return Work(path, found.source, left_out=found.left_out)
    return Work(path, _cleaned(read, [one.function], siblings, whole=one.whole))


def _cleaned(
    read: _Read, roots: Iterable[str], siblings: frozenset[str], *, whole: bool = False
) -> str:
    """The text of a file without what costs the exercise and gives nothing. Most files have
    nothing of the kind, and are not looked into."""
    text = read.text
    if whole or not (
        _MAIN.search(text) or "get_ipython" in text or _imports_what_is_not_there(text, siblings)
    ):
        return text
    program = read.parsed()
    if program is None:
        return text
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return without_unneeded(program, text, roots, siblings)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text


def _imports_what_is_not_there(text: str, siblings: frozenset[str]) -> bool:
    for match in _IMPORTED.finditer(text):
        for part in match[1].split(","):
            module = re.match(r"\s*(\w+)", part)
            if module is not None and not is_available(module[1], siblings):
                return True
    return False
