"""Which statements of a program an exercise needs: its functions, and what these use.

A notebook is a record of a session: definitions among plots, downloads and checks that must not
be run again. What the graded functions need is found backwards from their names, statement by
statement, and the rest is left out. A statement that they need and that cannot be run here, such
as one that reads a file, is left out too, is named, and takes the value that a name had before
with it, so that no function computes with another value than it did for its author.

Everything here is about names. Python's own :mod:`symtable` tells which of them are global.
"""

from __future__ import annotations

import ast
import builtins
import re
import symtable
import sys
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

Reason: TypeAlias = Literal["file", "input", "library", "await", "leaves", "undefined"]
"""Why a statement is not run: it reads or writes a file, asks somebody, calls a library that is
not there, waits, would end or start a program, or uses a name that nothing before it defines."""

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_IMPORTS = (ast.Import, ast.ImportFrom)

# How many steps the search takes. Notebooks of people need some thousand.
_MAX_STEPS = 200_000

# Calls that cannot be run again, by the last part of their name or by its beginning.
_INPUT = frozenset({"input", "raw_input", "getpass"})
_FILES = frozenset(
    {"open", "DataSource", "fromfile", "fromregex", "genfromtxt", "load", "loadtxt", "memmap"}
    | {"save", "savetxt", "savez", "savez_compressed", "tofile", "read_csv", "imread", "urlopen"}
    | {"urlretrieve", "read_text", "read_bytes", "write_text", "write_bytes", "getcwd", "listdir"}
)
_WAITS = frozenset({"sleep"})
_LEAVES = frozenset({"exit", "quit", "breakpoint", "_exit", "get_ipython", "Popen"})
_FILE_MODULES = frozenset({"shutil", "tempfile", "glob", "sqlite3", "zipfile", "tarfile"})
_OUTSIDE = frozenset({"socket", "urllib", "http", "requests", "ftplib", "smtplib", "ssl"})
_PROGRAMS = frozenset({"subprocess", "multiprocessing", "threading", "concurrent", "asyncio"})
_CHANGE_THEIR_FIRST = frozenset(
    {"copyto", "put", "place", "putmask", "fill_diagonal", "shuffle", "at", "setitem", "delitem"}
    | {"setattr", "delattr", "__setattr__", "__delattr__", "heappush", "heappop", "heapify"}
    | {"heapreplace", "heappushpop", "insort", "insort_left", "insort_right"}
)
_TYPES = frozenset({"list", "dict", "set", "object", "type"})
_NOTEBOOKS_OWN = "get_ipython"
_PATHS = frozenset({"path", "environ", "sep", "cpu_count"})
# Functions that see names which no reader of the text does.
_BY_NAME = frozenset({"globals", "eval", "exec"})
_NAMESPACES = frozenset({"globals", "locals", "vars"})

_AVAILABLE = sys.stdlib_module_names | {"numpy"}
_SIMPLE = (ast.Assign, ast.AnnAssign)
_PLAIN = (*_SIMPLE, ast.AugAssign, ast.Expr, ast.Import, ast.ImportFrom)
_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Statement(Struct, frozen=True, eq=False):
    """A statement at the top of a program. ``cell`` is its cell's number, 0 in a file; ``header``
    the line of the ``if __name__ == "__main__":`` that it stands under, 0 for none."""

    node: ast.stmt
    cell: int = 0
    header: int = 0

    @property
    def first_line(self) -> int:
        decorators: list[ast.expr] = getattr(self.node, "decorator_list", [])
        return min([self.node.lineno, *(one.lineno for one in decorators)])

    @property
    def last_line(self) -> int:
        return self.node.end_lineno or self.node.lineno


class LeftOut(Struct, frozen=True):
    """A statement that the graded functions need, and why it was not run."""

    cell: int
    line: int
    names: tuple[str, ...]
    reason: Reason
    code: str
    """Its first line."""


class Needed(Struct, frozen=True):
    """The numbers of the statements that are needed and can be run, and the others that are
    needed, with what is said of them."""

    taken: frozenset[int]
    left_out: dict[int, LeftOut]


class _Names(Struct):
    """The names of a statement: ``bound`` get a value when it is run, ``used`` must have one
    then, ``deferred`` when the functions in it are called."""

    bound: set[str]
    used: set[str]
    deferred: set[str]
    changed: set[str]
    """Names whose object it may change."""
    replaces: set[str]
    """Those of ``bound`` whose earlier value is gone for certain."""
    declared: set[str]
    """Names that its functions declare ``global``, and so change when they are called."""
    binds_any: bool = False
    """Whether it may give a value to names that it does not say, as ``exec`` does."""


def is_main_guard(node: ast.stmt) -> bool:
    """Whether it is ``if __name__ == "__main__":`` and nothing else."""
    return (
        isinstance(node, ast.If)
        and not node.orelse
        and re.sub(r"\s", "", ast.unparse(node.test)).replace('"', "'")
        in ("__name__=='__main__'", "'__main__'==__name__")
    )


def imported_modules(node: ast.AST) -> list[str]:
    """The first parts of the names of the modules that an import statement asks for."""
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [] if node.level else [(node.module or "").partition(".")[0]]
    return []


def is_available(module: str, siblings: frozenset[str]) -> bool:
    """Whether student code has a module: one of Python's own, numpy, or one handed in."""
    return module in _AVAILABLE or module in siblings


class Search:
    """Finds what functions need of a program. ``siblings`` are modules handed in beside it.

    Raises :class:`SyntaxError` for a statement that Python refuses where it stands.
    """

    def __init__(self, statements: Sequence[Statement], siblings: frozenset[str]) -> None:
        self.statements = statements
        self._siblings = siblings
        self.names = [_names_of(one.node) for one in statements]
        self._effects = _effects_of(statements)
        self._methods = _effects_of_methods(statements)
        aliases = _aliases(statements)
        self._foreign = self._foreign_names()
        self._imported = {
            name
            for statement, names in zip(statements, self.names, strict=True)
            if isinstance(statement.node, _IMPORTS)
            for name in names.bound
        }
        self._own = {one.node.name for one in statements if isinstance(one.node, _FUNCTIONS)}
        for statement, names in zip(statements, self.names, strict=True):
            # `np.random.seed(0)` changes no name of the program.
            names.changed |= self._changed_by_calls(statement.node)
            for name in list(names.changed):
                names.changed |= aliases.get(name, set())
            names.changed -= self._imported
        self._where: dict[str, list[int]] = defaultdict(list)
        self._stars: list[int] = []
        self._any: list[int] = [n for n, names in enumerate(self.names) if names.binds_any]
        for number, names in enumerate(self.names):
            for name in names.bound | names.changed:
                self._where[name].append(number)
            if "*" in names.bound:
                self._stars.append(number)
        self._steps = 0
        self._seen: set[tuple[str, int]] = set()
        self._pending: list[tuple[str, int]] = []
        self._found: set[int] = set()
        self._asked: set[tuple[int, int]] = set()

    def run(self, roots: Iterable[str] | None) -> Needed:
        """What ``roots`` need; None stands for all functions, classes, imports and constants."""
        wanted = list(roots) if roots is not None else self._all_roots()
        self._not_run: dict[int, LeftOut] = {}
        self._search(wanted)
        needed = self._sorted_out()
        if needed.left_out:  # what they alone need is not needed
            self._not_run = needed.left_out
            self._search(wanted)
            taken = self._sorted_out().taken
            needed = Needed(taken, needed.left_out)
        return needed

    def _search(self, wanted: Sequence[str]) -> None:
        self._steps = 0
        self._seen, self._asked, self._found = set(), set(), set()
        self._pending = [(name, len(self.statements)) for name in wanted]
        while self._pending:
            self._steps += 1
            if self._steps > _MAX_STEPS:
                self._found = self._everything_that_defines()
                return
            self._visit(*self._pending.pop())

    def _sorted_out(self) -> Needed:
        """What was found, in what can be run and what cannot."""
        taken: set[int] = set()
        left_out: dict[int, LeftOut] = {}
        gone: dict[str, Reason] = {}
        for number in sorted(self._found):
            names = self.names[number]
            known = self._not_run.get(number)
            reason = self._reason(number) if known is None else known.reason
            if reason is None and not self._defines_only(number):
                reason = next((gone[name] for name in sorted(names.used) if name in gone), None)
                if reason is None and any(self._is_unknown(one, number) for one in names.used):
                    reason = "undefined"
            if reason is None:
                taken.add(number)
                for name in names.bound:
                    gone.pop(name, None)
            else:
                left_out[number] = self._left_out(number, reason)
                gone |= dict.fromkeys(names.bound | names.changed, reason)
        return Needed(frozenset(taken), left_out)

    def _all_roots(self) -> list[str]:
        return [
            name
            for statement, names in zip(self.statements, self.names, strict=True)
            if isinstance(statement.node, (*_FUNCTIONS, *_IMPORTS))
            or (isinstance(statement.node, _SIMPLE) and not _calls(statement.node))
            or (isinstance(statement.node, (ast.If, ast.Try)) and _only_defines(statement.node))
            for name in names.bound
        ]

    def _everything_that_defines(self) -> set[int]:
        """For programs beyond reason: what needs no search to be taken."""
        return {
            number
            for number, statement in enumerate(self.statements)
            if isinstance(statement.node, (*_FUNCTIONS, *_IMPORTS))
            or (isinstance(statement.node, _SIMPLE) and not _calls(statement.node))
        }

    def _visit(self, name: str, end: int) -> None:
        """Find what gives ``name`` its value before statement number ``end``."""
        places = self._where.get(name, ())
        last = bisect_left(places, end)
        if (name, end) in self._seen:
            return
        self._seen.add((name, end))
        if not last and not hasattr(builtins, name):
            self._from_star(end)
        before = places[:last]
        if self._any and not hasattr(builtins, name):
            before = sorted({*before, *self._any[: bisect_left(self._any, end)]})
        for number in reversed(before):
            self._steps += 1
            self._take(number, end)
            if self._steps > _MAX_STEPS or name in self.names[number].replaces:
                return
            if name in self.names[number].used:  # what comes before is asked for from there
                return

    def _from_star(self, end: int) -> None:
        for number in self._stars:
            if number < end:
                self._found.add(number)

    def _take(self, number: int, end: int) -> None:
        names = self.names[number]
        if number not in self._found:
            self._found.add(number)
            if number in self._not_run:
                return
            self._pending += [(name, number) for name in names.used]
            for used in names.used:  # what it calls finds names as they are when it is run
                self._call(used, number)
            if names.used & _BY_NAME or names.deferred & _BY_NAME:
                self._pending += [(name, end) for name in self._where]
        if (number, end) not in self._asked:
            self._asked.add((number, end))
            self._pending += [(name, end) for name in names.deferred]

    def _call(self, name: str, number: int) -> None:
        places = self._where.get(name, ())
        for place in reversed(places[: bisect_left(places, number)]):
            self._steps += 1
            self._pending += [(one, number) for one in self.names[place].deferred]
            if name in self.names[place].replaces or self._steps > _MAX_STEPS:
                return

    def _is_unknown(self, name: str, number: int) -> bool:
        if hasattr(builtins, name) or name in ("__name__", "__file__", "__doc__"):
            return False
        places = self._where.get(name)
        return (not places or places[0] > number) and not any(
            one < number for one in (*self._stars, *self._any)
        )

    def _defines_only(self, number: int) -> bool:
        return isinstance(self.statements[number].node, (*_FUNCTIONS, *_IMPORTS))

    def _left_out(self, number: int, reason: Reason) -> LeftOut:
        statement, names = self.statements[number], self.names[number]
        code = ast.unparse(statement.node).split("\n", 1)[0]
        bound = tuple(sorted(names.bound | names.changed))
        return LeftOut(statement.cell, statement.first_line, bound, reason, code[:200])

    # what can be run

    def _foreign_names(self) -> dict[str, Reason]:
        """Names of modules that are not there, or that reach out of the program."""
        found: dict[str, Reason] = {}
        for statement in self.statements:
            for node in ast.walk(statement.node):
                if not isinstance(node, _IMPORTS):
                    continue
                for alias in node.names:
                    module = alias.name if isinstance(node, ast.Import) else (node.module or "")
                    reason = self._reason_of_module(module, getattr(node, "level", 0))
                    if reason is not None:
                        found[(alias.asname or alias.name).partition(".")[0]] = reason
        return found

    def _reason_of_module(self, module: str, level: int) -> Reason | None:
        first = module.partition(".")[0]
        if level or first in self._siblings:
            return None
        if first in _FILE_MODULES:
            return "file"
        if first in _PROGRAMS:
            return "leaves"
        return None if first in _AVAILABLE and first not in _OUTSIDE else "library"

    def _reason(self, number: int) -> Reason | None:
        """Why a statement cannot be run; None for definitions, and for what only computes."""
        statement = self.statements[number]
        if self._defines_only(number):
            return None
        own = self._reason_in(_own_nodes(statement.node))
        if own is not None:
            return own
        seen: set[int] = set()
        pending = list(self.names[number].used)
        while pending:  # the functions that it calls
            for place in self._where.get(pending.pop(), ()):
                if place in seen or place >= number or len(seen) > 1000:
                    continue
                seen.add(place)
                node = self.statements[place].node
                if not isinstance(node, _FUNCTIONS):
                    continue
                inside = self._reason_in(ast.walk(node))
                if inside is not None and not isinstance(node, ast.ClassDef):
                    return inside
                pending += self.names[place].deferred
        return None

    def _reason_in(self, nodes: Iterable[ast.AST]) -> Reason | None:
        for node in nodes:
            if isinstance(node, (ast.Await, ast.AsyncFor, ast.AsyncWith)):
                return "await"
            if isinstance(node, ast.Call):
                reason = self._reason_of_call(node.func)
                if reason is not None:
                    return reason
        return None

    def _reason_of_call(self, function: ast.expr) -> Reason | None:
        parts: list[str] = []
        while isinstance(function, ast.Attribute):
            parts.append(function.attr)
            function = function.value
        if isinstance(function, ast.Name):
            parts.append(function.id)
        last, first = (parts[0], parts[-1]) if parts else ("", "")
        if isinstance(function, ast.Name) and first in self._foreign:
            return self._foreign[first]
        if first == "os" and not _PATHS & set(parts):
            return "file"
        # A method of an object of one's own may be called what it likes.
        is_method = len(parts) > 1 and first in self._where and first not in self._imported
        if last in _INPUT:
            return "input"
        if last in _FILES and not is_method and last not in self._own:
            return "file"
        if last in _WAITS and not is_method:
            return "await"
        if last in _LEAVES and not is_method:
            return "leaves"
        return None

    def _changed_by_calls(self, node: ast.stmt) -> set[str]:
        """Names whose objects calls in a statement change, decorators and base classes included:
        those that a function of the program changes, and arguments that it does."""
        changed: set[str] = set()
        for inner in _own_nodes(node):
            called: list[ast.expr] = getattr(inner, "decorator_list", [])
            if isinstance(inner, ast.ClassDef):
                called = [*called, *inner.bases, *(one.value for one in inner.keywords)]
            for one in called:
                function = one.func if isinstance(one, ast.Call) else one
                effects = self._effects.get(function.id) if isinstance(function, ast.Name) else None
                if effects is not None:
                    changed |= effects.changed
            if not isinstance(inner, ast.Call):
                continue
            if isinstance(inner.func, ast.Attribute):
                changed |= self._methods.get(inner.func.attr, set())
            effects = self._effects.get(inner.func.id) if isinstance(inner.func, ast.Name) else None
            if effects is None:
                continue
            changed |= effects.changed
            for position, argument in enumerate(inner.args):
                if position in effects.parameters and isinstance(argument, ast.Name):
                    changed.add(argument.id)
            for keyword in inner.keywords:
                if keyword.arg in effects.parameters and isinstance(keyword.value, ast.Name):
                    changed.add(keyword.value.id)
        return changed


class _Effects(Struct):
    """Effects of a function of the program, or of a class, which is called too: ``parameters``
    whose objects it changes, by position and by name, ``changed`` are names of the program that
    it changes or declares global, ``calls`` functions that it calls."""

    parameters: set[int | str]
    changed: set[str]
    calls: set[str]


def _effects_of(statements: Sequence[Statement]) -> dict[str, _Effects]:
    found: dict[str, _Effects] = {}
    for one in statements:
        if isinstance(one.node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found[one.node.name] = _effects_of_function(one.node)
        elif isinstance(one.node, ast.ClassDef):
            found[one.node.name] = _effects_of_class(one.node)
    for _ in range(5):  # what functions do that they call
        for effects in found.values():
            for name in effects.calls & found.keys():
                effects.changed |= found[name].changed
    return found


def _effects_of_function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> _Effects:
    changed: set[str] = set()
    declared: set[str] = set()
    local: set[str] = set()
    calls: set[str] = set()
    for inner in ast.walk(node):
        changed |= _changed_in(inner)
        if isinstance(inner, ast.Global):
            declared |= set(inner.names)
        elif isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name):
            calls.add(inner.func.id)
        elif isinstance(inner, ast.Name) and not isinstance(inner.ctx, ast.Load):
            local.add(inner.id)
        elif isinstance(inner, ast.arg):
            local.add(inner.arg)
    arguments = [*node.args.posonlyargs, *node.args.args]
    parameters: set[int | str] = {i for i, a in enumerate(arguments) if a.arg in changed}
    parameters |= {a.arg for a in (*arguments, *node.args.kwonlyargs) if a.arg in changed}
    return _Effects(parameters, declared | (changed - local), calls)


def _effects_of_class(node: ast.ClassDef) -> _Effects:
    """Those of a class are those of its methods, of which some are called when an object or a
    class is made of it; what they change of their own class is the class."""
    effects = _Effects(set(), set(), set())
    for method in node.body:
        if not isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        own = _effects_of_function(method)
        effects.changed |= own.changed
        effects.calls |= own.calls
        if 0 in own.parameters and method.name in ("__new__", "__init_subclass__"):
            effects.changed.add(node.name)
    return effects


def _effects_of_methods(statements: Sequence[Statement]) -> dict[str, set[str]]:
    """By the name of a method, the names of the program that it changes in any class."""
    found: dict[str, set[str]] = {}
    for one in statements:
        for method in one.node.body if isinstance(one.node, ast.ClassDef) else ():
            if isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef)):
                found.setdefault(method.name, set()).update(_effects_of_function(method).changed)
    return found


def _aliases(statements: Sequence[Statement]) -> dict[str, set[str]]:
    """By name, the others that may stand for the same object or a part of it: ``inner`` and
    ``cfg`` after ``inner = cfg["k"]``."""
    groups: dict[str, set[str]] = {}
    for one in statements:
        pairs: list[tuple[list[ast.expr], ast.expr]] = []
        if isinstance(one.node, ast.Assign):
            pairs.append((one.node.targets, one.node.value))
        elif isinstance(one.node, ast.AnnAssign) and one.node.value is not None:
            pairs.append(([one.node.target], one.node.value))
        elif isinstance(one.node, ast.For):
            pairs.append(([one.node.target], one.node.iter))
        for targets, value in pairs:
            names = {target.id for target in targets if isinstance(target, ast.Name)}
            root = _root(value)
            same = names | ({root} if root else set())
            if len(same) < 2:
                continue
            for name in tuple(same):
                same |= groups.get(name, set())
            for name in same:
                groups[name] = same
    return groups


def _root(node: ast.expr) -> str:
    """The name that an expression is an element or an attribute of; empty for any other."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _names_of(node: ast.stmt) -> _Names:
    bound: set[str] = set()
    used: set[str] = set()
    deferred: set[str] = set()
    declared: set[str] = set()
    if isinstance(node, _PLAIN) and not any(isinstance(one, _SCOPES) for one in ast.walk(node)):
        for one in ast.walk(node):
            if isinstance(one, ast.Name):
                (used if isinstance(one.ctx, ast.Load) else bound).add(one.id)
            elif isinstance(one, ast.alias):
                bound.add((one.asname or one.name).partition(".")[0])
    else:
        _read_scopes(node, bound, used, deferred, declared)
    if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
        bound = {"*"}
    if isinstance(node, ast.AugAssign):
        used |= bound
    binds_any = False
    for inner in _own_nodes(node):
        if isinstance(inner, (ast.Call, ast.Subscript)):
            named = _bound_by_name(inner)
            bound |= named or set()
            binds_any = binds_any or named is None
    changed = set().union(*(_changed_in(inner) for inner in _own_nodes(node)))
    used |= changed
    replaces = bound - used if _is_unconditional(node) else set()
    if isinstance(node, ast.Import):
        # `import a.b` after `import a` adds to it.
        replaces -= {alias.name.partition(".")[0] for alias in node.names if "." in alias.name}
    return _Names(bound, used, deferred, changed, replaces, declared, binds_any)


def _bound_by_name(node: ast.Call | ast.Subscript) -> set[str] | None:
    """The names that ``globals()["K"] = 1``, ``globals().update(K=1)`` and ``exec("K = 1")`` give
    a value to; None where these are not said."""
    if isinstance(node, ast.Subscript):
        if isinstance(node.ctx, ast.Load) or not _is_namespace(node.value):
            return set()
        key = node.slice.value if isinstance(node.slice, ast.Constant) else None
        return {key} if isinstance(key, str) else None
    function = node.func
    if isinstance(function, ast.Name) and function.id == "exec" and node.args:
        code = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
        return _assigned_in(code) if isinstance(code, str) else None
    if not isinstance(function, ast.Attribute) or not _is_namespace(function.value):
        return set()
    if function.attr not in ("update", "setdefault", "__setitem__"):
        return set()
    if function.attr != "update":
        key = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
        return {key} if isinstance(key, str) else None
    names = {keyword.arg for keyword in node.keywords if keyword.arg}
    return names if len(names) == len(node.keywords) and not node.args else None


def _is_namespace(node: ast.expr) -> bool:
    """Whether it is a call of ``globals``, or of ``vars`` without an object."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in _NAMESPACES
        and not node.args
    )


def _assigned_in(code: str) -> set[str] | None:
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    return set().union(*(_names_of(one).bound for one in tree.body))


def _read_scopes(
    node: ast.stmt, bound: set[str], used: set[str], deferred: set[str], declared: set[str]
) -> None:
    table = symtable.symtable(ast.unparse(node), "<statement>", "exec")
    for symbol in table.get_symbols():
        if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace():
            bound.add(symbol.get_name())
        if symbol.is_referenced():
            used.add(symbol.get_name())
    pending = [(child, False) for child in table.get_children()]
    while pending:
        child, is_deferred = pending.pop()
        is_deferred = is_deferred or _is_called_later(child)
        for symbol in child.get_symbols():
            if symbol.is_global() and symbol.is_referenced():
                (deferred if is_deferred else used).add(symbol.get_name())
            if symbol.is_declared_global() and symbol.is_assigned():
                declared.add(symbol.get_name())
        pending += [(one, is_deferred) for one in child.get_children()]


def _is_called_later(table: symtable.SymbolTable) -> bool:
    """A function's body runs when it is called; comprehensions and classes run at once."""
    return table.get_type() == "function" and table.get_name() not in (
        "listcomp",
        "setcomp",
        "dictcomp",
        "genexpr",
    )


def _is_unconditional(node: ast.stmt) -> bool:
    return isinstance(node, (*_FUNCTIONS, *_IMPORTS, *_SIMPLE)) and not (
        isinstance(node, ast.AnnAssign) and node.value is None
    )


def _changed_in(node: ast.AST) -> set[str]:
    """The names whose objects a node changes: stored into, deleted from, or asked to change."""
    targets: list[ast.expr] = []
    if isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(node.ctx, ast.Load):
        targets.append(node.value)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        function = node.value.func
        if isinstance(function, ast.Attribute):
            targets.append(function.value)
        targets += [keyword.value for keyword in node.value.keywords if keyword.arg == "out"]
        name = getattr(function, "attr", getattr(function, "id", ""))
        is_of_type = isinstance(function, ast.Attribute) and _root(function) in _TYPES
        if name in _CHANGE_THEIR_FIRST or is_of_type:  # `dict.update(options, a=1)`
            targets += node.value.args[:1]
    changed = set()
    for target in targets:
        while isinstance(target, (ast.Attribute, ast.Subscript, ast.Call)):
            if not isinstance(target, ast.Call):
                target = target.value
            elif isinstance(target.func, ast.Name):  # `vars(options)["a"] = 1`
                if target.func.id not in ("vars", "getattr") or not target.args:
                    break
                target = target.args[0]
            else:
                target = target.func
        if isinstance(target, ast.Name):
            changed.add(target.id)
    return changed


def _calls(node: ast.AST) -> bool:
    return any(isinstance(one, (ast.Call, ast.Await)) for one in _own_nodes(node))


def _only_defines(node: ast.stmt) -> bool:
    """Whether an ``if`` or ``try`` does nothing but choose between definitions."""
    return not _calls(node)


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """The node and all within it, but for what is inside functions, classes and lambdas."""
    pending = [node]
    while pending:
        one = pending.pop()
        yield one
        if isinstance(one, (*_FUNCTIONS, ast.Lambda)):
            pending += getattr(one, "decorator_list", [])
            continue
        pending += ast.iter_child_nodes(one)


def unneeded_in_file(
    search: Search, roots: Iterable[str], siblings: frozenset[str]
) -> frozenset[int]:
    """The numbers of statements of a file that cost its author the exercise and give nothing:
    what stands under ``if __name__ == "__main__":``, imports of libraries that are not there and
    that ``roots`` do not use, and what needs these as soon as the file is imported.

    Everything else of a file is run as it stands.
    """
    statements, names = search.statements, search.names
    kept = search.run(roots).taken
    dropped: set[int] = set()
    # In files that were made of notebooks.
    lost = {_NOTEBOOKS_OWN} if not any(_NOTEBOOKS_OWN in one.bound for one in names) else set()
    for number, statement in enumerate(statements):
        if is_main_guard(statement.node):
            dropped.add(number)
            continue
        if number in kept:
            lost -= names[number].bound
            continue
        modules = [
            module
            for node in _own_nodes(statement.node)
            if isinstance(node, _IMPORTS)
            for module in imported_modules(node)
        ]
        foreign = [module for module in modules if not is_available(module, siblings)]
        if (modules and len(foreign) == len(modules)) or names[number].used & lost:
            dropped.add(number)
            lost |= names[number].bound
    return frozenset(dropped)
