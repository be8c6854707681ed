"""What a submission's text may import, must contain and must not, read from its syntax tree.

Rules are about how an answer is written, for exercises that teach a way of writing it.
They are no protection: that is the sandbox's work.
"""

from __future__ import annotations

import ast
import sys
from collections import deque
from collections.abc import Collection, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from autograder.course.exercise import SourceTest
from autograder.grading.source_names import MATMUL, nodes_of, used_names
from autograder.submissions.syntax_tree import syntax_tree

# A chain of a thousand attributes has a thousand names in it: the rest of each is not looked at.
_MAX_DOTS = 8

# What the word ``stdlib`` in a rule stands for: Python's own modules, which bring no gradients
# with them, but for those that import others by name.
STANDARD_LIBRARY = "stdlib"
_LOADERS = frozenset({"imp", "importlib", "pkgutil", "runpy", "zipimport"})
_STANDARD = sys.stdlib_module_names - _LOADERS

# What every call that imports has in it; in a text with other characters than those of ASCII it
# may be written otherwise.
_LOADING = ("__import__", "import_module")
# What tells from where relative imports count, and what may change that.
_PLACES = ("__package__", "__path__", "__spec__", "__dict__", "exec", "globals", "setattr", "vars")
# The fields of a statement that hold statements, or parts of it that do.
_BLOCKS = ("body", "handlers", "orelse", "finalbody", "cases")

# What the word ``products`` stands for: every function that multiplies and adds up, or multiplies
# each number with each.
PRODUCTS = "products"
_PRODUCTS = frozenset(
    {
        MATMUL,
        "math.sumprod",
        "numpy.asmatrix",
        "numpy.bmat",
        "numpy.convolve",
        "numpy.correlate",
        "numpy.dot",
        "numpy.einsum",
        "numpy.inner",
        "numpy.kron",
        "numpy.mat",
        "numpy.matmul",
        "numpy.matrix",
        "numpy.matrix_power",
        "numpy.matvec",
        "numpy.multi_dot",
        "numpy.outer",
        "numpy.tensordot",
        "numpy.vdot",
        "numpy.vecdot",
        "numpy.vecmat",
    }
)

_CONSTRUCTS: dict[str, tuple[type[ast.AST], ...]] = {
    "for": (ast.For, ast.AsyncFor),
    "while": (ast.While,),
    "comprehension": (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
}


class BrokenRule(Struct, frozen=True):
    """``kind`` is ``import``, ``forbidden`` or ``required``; ``word`` is the rule's. ``file`` is
    the one that breaks it, where that is not the exercise's own."""

    kind: str
    word: str
    line: int = 0
    file: str = ""


def first_broken_rule(test: SourceTest, entry: str, files: Mapping[str, str]) -> BrokenRule | None:
    """The first rule that the file ``entry`` breaks, or a file that it imports does: what is
    forbidden is not allowed elsewhere either. What is required must be in ``entry``.

    Raises :class:`SyntaxError` or :class:`ValueError` where ``entry`` is not Python (another file
    that is not cannot be imported), and :class:`RecursionError` or :class:`MemoryError` where a
    source is nested beyond reason.
    """
    tops = {_top(name) for name in files}
    relaxed = replace(test, require=())
    seen, pending = {entry}, [entry]
    while pending:
        file = pending.pop()
        try:
            tree = syntax_tree(files[file])
        except (SyntaxError, ValueError):
            if file == entry:
                raise
            continue
        imported = list(_imported(tree, files[file]))
        # What begins with a dot is within the package, unless a file says that it is elsewhere.
        is_relative = "/" in file and not any(place in files[file] for place in _PLACES)
        siblings = tops | {""} if is_relative else tops
        rule = _broken_rule(test if file == entry else relaxed, tree, imported, siblings)
        if rule is not None:
            return rule if file == entry else replace(rule, file=file)
        reached = files if _loads(tree, files[file]) else _reached(imported, files)
        further = [name for name in reached if name not in seen]
        seen.update(further)
        pending += further
    return None


def _reached(imported: Collection[tuple[str, int]], files: Collection[str]) -> Iterator[str]:
    """The files that may be imported so. Of a package these are all, since it may import the others
    in many ways, and where a name counts from elsewhere all that there are."""
    tops = {module.partition(".")[0] for module, _ in imported}
    return (name for name in files if "" in tops or _top(name) in tops)


def _loads(tree: ast.Module, source: str) -> bool:
    """Whether it uses what imports a module whose name is a text, which may be worked out."""
    if not _may_load(source):
        return False
    names = ("id", "attr", "name")  # of a name, an attribute and what is imported
    return any(getattr(node, name, "") in _LOADING for node in ast.walk(tree) for name in names)


def _may_load(source: str) -> bool:
    return not source.isascii() or any(loader in source for loader in _LOADING)


def _top(file: str) -> str:
    """The module, or the package that it is in, by which a file is imported."""
    return file.partition("/")[0].removesuffix(".py")


def _broken_rule(
    test: SourceTest,
    tree: ast.Module,
    imported: Collection[tuple[str, int]],
    siblings: Collection[str],
) -> BrokenRule | None:
    """The first rule that a file breaks. ``siblings`` are modules that may always be imported."""
    if test.imports is not None:
        allowed = {*test.imports, *siblings}
        if STANDARD_LIBRARY in allowed:
            allowed |= _STANDARD
        for word, line in imported:
            if word.partition(".")[0] not in allowed:
                return BrokenRule("import", word, line)
    used = list(_used(tree, siblings)) if test.forbid or test.require else []
    for word in test.forbid:
        for found, line in used:
            if _matches(word, found):
                return BrokenRule("forbidden", _called(word, found), line)
    for word in test.require:
        if not any(_matches(word, found) for found, _ in used):
            return BrokenRule("required", word)
    return None


def _imported(tree: ast.Module, source: str) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree) if _may_load(source) else _statements(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or ""), node.lineno
        elif isinstance(node, ast.Call):
            name = _dotted(node.func)
            if name in (*_LOADING, "importlib.import_module"):
                first = node.args[0] if node.args else None
                module = first.value if isinstance(first, ast.Constant) else name
                yield str(module), node.lineno


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """As :func:`ast.walk`, in the same order, without the expressions: a tenth of the nodes."""
    pending = deque[ast.AST]([tree])
    while pending:
        node = pending.popleft()
        yield node
        for field in _BLOCKS:
            pending.extend(getattr(node, field, ()))


def _used(tree: ast.Module, siblings: Collection[str]) -> Iterator[tuple[str, int]]:
    """Constructs by their word and functions by their dotted name."""
    nodes = nodes_of(tree)
    for node in nodes:
        for word, kinds in _CONSTRUCTS.items():
            if isinstance(node, kinds):
                yield word, getattr(node, "lineno", 0)
    yield from used_names(nodes, siblings)


def _dotted(node: ast.AST) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute) and len(parts) < _MAX_DOTS:
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(node.id)
    return ".".join(reversed(parts))


def _matches(word: str, found: str) -> bool:
    """``numpy.dot`` is also the method ``.dot`` of anything that may be an array."""
    if word == PRODUCTS:
        return found in _PRODUCTS or _as_function(found) in _PRODUCTS
    return word in (found, _as_function(found))


def _as_function(found: str) -> str:
    return found.replace("numpy.ndarray.", "numpy.", 1)


def _called(word: str, found: str) -> str:
    """The word of a rule, or of one that stands for several, what was found."""
    return _as_function(found) if word == PRODUCTS else word
