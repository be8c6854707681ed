"""Python's and numpy's own errors said in one sentence that a beginner understands.

Their texts are English, and written for people who know the machinery ("core dimension",
"ufunc"). Each pattern here leads to a message of the catalogues, ``python_<name>`` or
``syntax_<name>``; the original is shown below it, so a reader can search for it. Patterns are of
CPython 3.11 to 3.14 and numpy 1.25 to 2.x. Pure: texts in, a key and its values out.
"""

from __future__ import annotations

import ast
import builtins
import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
from msgspec import Struct

from autograder.sandbox.protocol import ExceptionInfo
from autograder.submissions.syntax_tree import syntax_tree_if_any

_SHAPE = r"\(([^()]*)\)"


class Sentence(Struct, frozen=True):
    """A message of the catalogues, by its key, and what it is filled with."""

    key: str
    values: Mapping[str, object] = {}


# Types of exceptions; what the message has in it, with the names of what is taken from it; the key.
_ERRORS: Final[tuple[tuple[str, str, str], ...]] = (
    (
        "ValueError",
        r"^matmul: Input operand 1 has a mismatch .*\(size (?P<right>\d+) is different from "
        r"(?P<left>\d+)\)",
        "python_matmul_sizes",
    ),
    ("ValueError", r"^matmul: Input operand \d+ does not have enough dim", "python_matmul_number"),
    (
        "ValueError",
        rf"^shapes (?P<left>{_SHAPE}) and (?P<right>{_SHAPE}) not aligned",
        "python_dot_shapes",
    ),
    (
        "ValueError",
        rf"^operands could not be broadcast together with (?:remapped )?shapes "
        rf"(?P<left>{_SHAPE}) (?P<right>{_SHAPE})",
        "python_broadcast",
    ),
    (
        "ValueError",
        rf"^non-broadcastable output operand with shape (?P<left>{_SHAPE}) doesn't match the "
        rf"broadcast shape (?P<right>{_SHAPE})",
        "python_in_place_shape",
    ),
    (
        "ValueError",
        rf"^could not broadcast input array from shape (?P<left>{_SHAPE}) into shape "
        rf"(?P<right>{_SHAPE})",
        "python_assigned_shape",
    ),
    (
        "ValueError",
        rf"^cannot reshape array of size (?P<size>\d+) into shape (?P<right>{_SHAPE})",
        "python_reshape",
    ),
    ("ValueError", r"^axes don't match array", "python_transposed_axes"),
    ("ValueError", r"^The truth value of an array with more than one", "python_truth_value"),
    ("ValueError", r"^setting an array element with a sequence", "python_set_sequence"),
    ("ValueError", r"einstein sum|einsum", "python_einsum"),
    (
        "ValueError",
        r"^not enough values to unpack \(expected (?P<wanted>\d+), got (?P<there>\d+)\)",
        "python_too_few_to_unpack",
    ),
    (
        "ValueError",
        r"^too many values to unpack \(expected (?P<wanted>\d+)",
        "python_too_many_to_unpack",
    ),
    ("ValueError", r"read-only", "python_read_only"),
    (
        "ValueError",
        r"^all (?:the )?input array(?:s must have the same shape| dimensions)|"
        r"^need at least one array to",
        "python_join",
    ),
    (
        "AxisError",
        r"^axis (?P<axis>-?\d+) is out of bounds for array of dimension (?P<axes>\d+)",
        "python_axis",
    ),
    (
        "IndexError",
        r"^index (?P<index>-?\d+) is out of bounds for axis (?P<axis>\d+) with size (?P<size>\d+)",
        "python_index",
    ),
    ("IndexError", r"^tuple index out of range", "python_tuple_index"),
    ("IndexError", r"^(?:list|string|pop)\b.* (?:out of range|empty list)", "python_list_index"),
    (
        "IndexError",
        r"^too many indices for array: array is (?P<axes>\d+)-dimensional, but (?P<given>\d+) were",
        "python_too_many_indices",
    ),
    ("IndexError", r"^only integers, slices|^arrays used as indices", "python_index_type"),
    ("IndexError", r"^boolean index did not match", "python_boolean_index"),
    ("IndexError", r"^invalid index to scalar variable", "python_scalar_index"),
    ("IndexError", r"^shape mismatch: indexing arrays", "python_index_shapes"),
    (
        "UnboundLocalError",
        r"variable '(?P<name>\w+)'",
        "python_not_assigned_yet",
    ),
    (
        "TypeError",
        r"(?P<name>\w+)\(\) missing \d+ required (?:positional|keyword-only) arguments?: "
        r"(?P<names>.*)$",
        "python_missing_arguments",
    ),
    (
        "TypeError",
        r"(?P<name>\w+)\(\) takes (?:from \d+ to )?(?P<wanted>\d+) positional arguments? but "
        r"(?P<given>\d+) (?:was|were) given",
        "python_too_many_arguments",
    ),
    (
        "TypeError",
        r"(?P<function>\w+)\(\) got an unexpected keyword argument '(?P<name>\w+)'",
        "python_unknown_argument",
    ),
    (
        "TypeError",
        r"^this function cannot be called with (?P<arguments>.*)$",
        "python_function_refuses",
    ),
    ("TypeError", r"^'(?:numpy\.)?ndarray' object is not callable", "python_array_called"),
    ("TypeError", r"^'(?P<type>[\w.]+)' object is not callable", "python_not_callable"),
    ("TypeError", r"'NoneType' (?:object|and)|and 'NoneType'", "python_none"),
    (
        "TypeError",
        r"^'(?:builtin_function_or_method|function|method)' object is not subscriptable",
        "python_function_indexed",
    ),
    ("TypeError", r"^'(?P<type>[\w.]+)' object is not subscriptable", "python_not_subscriptable"),
    ("TypeError", r"'(?P<type>[\w.]+)' object is not iterable", "python_not_iterable"),
    ("TypeError", r"^cannot unpack non-iterable (?P<type>[\w.]+) object", "python_not_iterable"),
    ("TypeError", r"^iteration over a 0-d array", "python_iterated_number"),
    (
        "TypeError",
        r"^unsupported operand type\(s\) for (?P<operator>\S+?):? '(?P<left>[\w.]+)' and "
        r"'(?P<right>[\w.]+)'",
        "python_operands",
    ),
    (
        "TypeError",
        r"^bad operand type for unary (?P<operator>\S+): '(?P<right>\w+)'",
        "python_unary",
    ),
    ("TypeError", r"^can't multiply sequence by non-int", "python_list_product"),
    ("TypeError", r"^can only concatenate", "python_list_sum"),
    (
        "TypeError",
        r"^'(?:numpy\.)?(?P<type>\w+)' object cannot be interpreted as an integer",
        "python_needs_integer",
    ),
    ("TypeError", r"^only integer scalar arrays can be converted", "python_needs_one_index"),
    ("TypeError", r"^only (?:length-1|size-1|0-dimensional) arrays can be", "python_needs_number"),
    ("TypeError", r"^Cannot interpret '(?P<value>[^']*)' as a data type", "python_shape_argument"),
    ("TypeError", r"^(?:object of type|len\(\) of) .*", "python_no_length"),
    (
        "TypeError",
        r"^'(?P<type>[\w.]+)' object does not support item assignment",
        "python_item_assignment",
    ),
    (
        "TypeError",
        r"^(?P<type>list|tuple) indices must be integers or slices, not tuple",
        "python_nested_list_index",
    ),
    (
        "TypeError",
        r"^(?:list|tuple) indices must be integers or slices, not (?P<type>\w+)",
        "python_list_index_type",
    ),
    ("TypeError", r"^unhashable type", "python_unhashable"),
    (
        "UFuncTypeError|_UFuncOutputCastingError",
        r"Cannot cast ufunc '\w+' output from dtype\('(?P<right>\w+)'\) to "
        r"dtype\('(?P<left>\w+)'\)",
        "python_cast",
    ),
    (
        "UFuncTypeError|_UFuncNoLoopError|TypeError",
        r"ufunc '(?P<name>\w+)' (?:did not contain a loop|not supported)",
        "python_no_numbers",
    ),
    (
        "AttributeError",
        r"^'NoneType' object has no attribute '(?P<name>\w+)'",
        "python_none_attribute",
    ),
    (
        "AttributeError",
        r"^'(?P<type>list|tuple)' object has no attribute '(?P<name>\w+)'",
        "python_list_attribute",
    ),
    (
        "AttributeError",
        r"^'(?P<type>[\w.]+)' object has no attribute '(?P<name>\w+)'",
        "python_attribute",
    ),
    ("ModuleNotFoundError", r"^No module named '(?P<name>[\w.]+)'", "python_no_module"),
    (
        "ImportError",
        r"^cannot import name '(?P<name>\w+)' from '(?P<module>[\w.]+)'",
        "python_no_such_import",
    ),
    ("ZeroDivisionError", r"", "python_zero_division"),
    ("KeyError", r"^(?P<key>.*)$", "python_no_key"),
    ("FileNotFoundError", r"", "python_no_file"),
    ("OSError", r"^\[Errno 27\]", "python_file_written"),
    ("EOFError", r"", "python_no_input"),
    ("AssertionError", r"", "python_assertion"),
    ("LinAlgError", r"[Ss]ingular matrix", "python_singular"),
    ("LinAlgError", r"square", "python_not_square"),
    ("OverflowError", r"", "python_overflow"),
    ("StopIteration", r"", "python_exhausted"),
)

_SYNTAX: Final[tuple[tuple[str, str], ...]] = (
    (r"^'(?P<sign>.+)' was never closed", "syntax_not_closed"),
    (r"^closing parenthesis '(?P<sign>.)' does not match", "syntax_other_bracket"),
    (r"^unmatched '(?P<sign>.)'", "syntax_not_opened"),
    (r"^expected ':'", "syntax_colon"),
    (r"^expected an indented block", "syntax_no_block"),
    (r"^unexpected indent", "syntax_indented"),
    (r"^unindent does not match", "syntax_unindented"),
    (r"^inconsistent use of tabs", "syntax_tabs"),
    (r"^unterminated (?:triple-quoted )?(?:f-)?string|^EOL while", "syntax_text_open"),
    (r"^invalid (?:non-printable )?character", "syntax_character"),
    (r"^invalid decimal literal", "syntax_number"),
    (r"^cannot assign to", "syntax_assigned_to"),
    (r"Maybe you meant '=='", "syntax_equals"),
    (r"Perhaps you forgot a comma", "syntax_comma"),
    (r"^'return' outside function", "syntax_return_outside"),
    (r"^'(?P<word>break|continue|await|yield)' (?:outside|not properly)", "syntax_outside"),
    (r"^Missing parentheses in call to '(?P<word>\w+)'", "syntax_call"),
    (r"^unexpected EOF|^unexpected end of", "syntax_end"),
    (r"^leading zeros", "syntax_leading_zeros"),
    (r"^positional argument follows keyword", "syntax_argument_order"),
    (r"^(?:non-default argument|parameter without a default)", "syntax_default_order"),
    (r"^duplicate argument", "syntax_argument_twice"),
    (r"^expected 'except' or 'finally'", "syntax_try"),
    (r"unexpected character after line continuation", "syntax_backslash"),
)


def sentence_for(exception: ExceptionInfo, source: str) -> Sentence | None:
    """The sentence about an exception whose last frame lies in ``source``; None where none is
    known."""
    if exception.type_name == "NameError":
        return _about_name(exception, source)
    near = _about_module(exception)
    if near is not None:
        return near
    for types, pattern, key in _ERRORS:
        if exception.type_name in types.split("|"):
            match = re.search(pattern, exception.message)
            if match is not None:
                return Sentence(key, match.groupdict(""))
    return None


def syntax_sentence(message: str) -> Sentence:
    """The sentence about a SyntaxError with this message."""
    for pattern, key in _SYNTAX:
        match = re.search(pattern, message)
        if match is not None:
            return Sentence(key, match.groupdict(""))
    return Sentence("syntax_other")


class Caret(Struct, frozen=True):
    """A line of source, and the columns from which and up to which it is wrong, from 0."""

    line: int
    code: str
    start: int
    end: int


def find_caret(source: str) -> Caret | None:
    """The place at which Python gives up on ``source``; None where it does not say."""
    try:
        ast.parse(source)
    except SyntaxError as error:
        lines = source.split("\n")
        line = error.lineno or 0
        if not 0 < line <= len(lines):
            return None
        code = lines[line - 1].rstrip()
        start = min(max((error.offset or 1) - 1, 0), len(code))
        end = (error.end_offset or 0) - 1 if error.end_lineno == line else len(code)
        return Caret(line, code, start, max(start + 1, min(end, len(code))))
    except (ValueError, RecursionError, MemoryError):
        return None
    return None


def _about_name(exception: ExceptionInfo, source: str) -> Sentence | None:
    match = re.search(r"name '(?P<name>\w+)' is not defined", exception.message)
    if match is None:
        return None
    name = match["name"]
    if name in ("np", "numpy"):
        return Sentence("python_numpy_not_imported", {"name": name})
    line = exception.frames[-1].line if exception.frames else 0
    near = difflib.get_close_matches(name, list(_names(source, line)), n=1, cutoff=0.5)
    same = [other for other in _names(source, line) if other.lower() == name.lower()]
    if same or near:
        return Sentence("python_name_near", {"name": name, "near": (same or near)[0]})
    return Sentence("python_name", {"name": name})


def _names(source: str, line: int) -> Iterator[str]:
    """What the function around ``line`` and its module define, then Python's own functions."""
    tree = syntax_tree_if_any(source)
    if tree is None:
        return
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            if node in tree.body:
                yield node.name
            if not node.lineno <= line <= (node.end_lineno or node.lineno):
                continue
            for inner in ast.walk(node):
                if isinstance(inner, ast.arg):
                    yield inner.arg
                elif isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                    yield inner.id
    for statement in tree.body:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            yield from (alias.asname or alias.name for alias in statement.names)
        for inner in ast.walk(statement) if isinstance(statement, ast.Assign) else ():
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                yield inner.id
    yield from (name for name in dir(builtins) if name.islower() and not name.startswith("_"))


def _about_module(exception: ExceptionInfo) -> Sentence | None:
    """numpy has no such function: the one that may be meant."""
    match = re.match(
        r"module '(?P<module>[\w.]+)' has no attribute '(?P<name>\w+)'", exception.message
    )
    if match is None or exception.type_name != "AttributeError":
        return None
    values = {"module": match["module"], "name": match["name"]}
    if match["module"] == "numpy":
        near = difflib.get_close_matches(match["name"], dir(np), n=1, cutoff=0.6)
        if near:
            return Sentence("python_numpy_near", {**values, "near": near[0]})
    return Sentence("python_module_attribute", values)
