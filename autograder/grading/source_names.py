"""The names that a program uses, as far as its text tells what they are when it runs.

``np.dot``, ``d = np.dot``, ``from numpy import dot``, ``W.dot``, ``getattr(np, "dot")`` and
``np.linalg.matmul`` are functions of numpy; the method ``dot`` of a class of the program's own and
the function of another file of the submission are not. Pure: a syntax tree in, names out.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Final, Literal, TypeAlias

Found: TypeAlias = tuple[str, int]
"""A dotted name, and the line."""

_Kind: TypeAlias = Literal["array", "own", "unknown"]

MATMUL: Final = "matmul"
"""The operator ``@``, however it is written."""

_MATMUL_METHODS: Final = frozenset({"__matmul__", "__rmatmul__", "__imatmul__"})
# A chain of a thousand attributes has a thousand names in it: the rest of each is not looked at.
_MAX_DOTS: Final = 8
# How deep the text is followed in search of what an expression is.
_MAX_DEPTH: Final = 12
_RUN_TEXT: Final = frozenset({"eval", "exec", "compile"})
_GETATTR: Final = frozenset({"getattr", "operator.attrgetter", "operator.methodcaller"})
_ATTRIBUTE_METHODS: Final = frozenset({"__getattribute__", "__getattr__"})


def nodes_of(tree: ast.AST) -> list[ast.AST]:
    """The nodes of :func:`ast.walk`, in its order, in a part of its time: a text is looked through
    several times."""
    nodes = [tree]
    for node in nodes:  # which grows
        for field in node._fields:
            value = getattr(node, field, None)
            if isinstance(value, ast.AST):
                nodes.append(value)
            elif isinstance(value, list):
                nodes += [one for one in value if isinstance(one, ast.AST)]
    return nodes


def used_names(nodes: Sequence[ast.AST], siblings: Collection[str] = ()) -> Iterator[Found]:
    """Every function and attribute that is read, by its dotted name, in the :func:`nodes_of` a
    program. Functions of numpy begin with ``numpy.``; so do attributes of arrays, and of what may
    be one. ``siblings`` are the submission's modules. The operator ``@`` is :data:`MATMUL`."""
    yield from _Names(nodes, siblings).used()


class _Names:
    def __init__(self, nodes: Sequence[ast.AST], siblings: Collection[str]) -> None:
        self._nodes = nodes
        self._siblings = set(siblings)
        self._aliases: dict[str, str] = {}
        self._stars_of_numpy = False
        self._classes: dict[str, set[str]] = {}
        self._bound: dict[str, list[ast.expr | None]] = defaultdict(list)
        self._parameters: dict[str, _Kind] = {}
        self._makers: dict[str, list[ast.expr]] = {}
        self._collect()

    def used(self) -> Iterator[Found]:
        for node in self._nodes:
            if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.MatMult):
                if not self._is_own_product(node):
                    yield MATMUL, node.lineno
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                yield from self._attribute(node.value, node.attr, node)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                yield self._of_name(node.id), node.lineno
            elif isinstance(node, ast.Call):
                yield from self._by_text(node)
            elif isinstance(node, ast.Subscript):
                yield from self._from_namespace(node)

    # What the text defines

    def _collect(self) -> None:
        called = {
            node.func.id
            for node in self._nodes
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        for node in self._nodes:
            match node:
                case ast.Import(names=names):
                    for alias in names:
                        top = alias.name.partition(".")[0]
                        self._aliases[alias.asname or top] = alias.name if alias.asname else top
                case ast.ImportFrom(module=str(module), names=names):
                    for alias in names:
                        self._aliases[alias.asname or alias.name] = f"{module}.{alias.name}"
                        self._stars_of_numpy |= alias.name == "*" and _is_numpy(module)
                case ast.ClassDef():
                    self._classes[node.name] = set(_members(node))
                    for method in node.body:
                        if isinstance(method, ast.FunctionDef):
                            self._first_parameter(node.name, method)
                case ast.Assign(targets=targets, value=value):
                    for target in targets:
                        self._bind(target, value)
                case ast.AnnAssign(target=target, value=annotated, annotation=annotation):
                    self._bind(target, annotated or _called(annotation))
                case ast.NamedExpr(target=target, value=value):
                    self._bind(target, value)
                case ast.AugAssign(target=target):
                    self._bind(target, None)
                case ast.For(target=target) | ast.comprehension(target=target):
                    self._bind(target, None)
                case ast.With(items=items):
                    for item in items:
                        if item.optional_vars is not None:
                            self._bind(item.optional_vars, None)
                case _:
                    pass
        owners = {
            method for one in self._nodes if isinstance(one, ast.ClassDef) for method in one.body
        }
        for node in self._nodes:
            if not isinstance(node, ast.FunctionDef):
                continue
            self._makers[node.name] = [
                one.value
                for one in nodes_of(node)
                if isinstance(one, ast.Return) and one.value is not None
            ]
            is_entry = node.name not in called and node not in owners
            parameters = node.args
            for one in (*parameters.posonlyargs, *parameters.args, *parameters.kwonlyargs):
                if one.annotation is not None and _last_name(one.annotation) in self._classes:
                    self._bind(ast.Name(one.arg), _called(one.annotation))
                elif is_entry:
                    self._parameters.setdefault(one.arg, "array")
                else:
                    self._parameters[one.arg] = self._parameters.get(one.arg, "unknown")

    def _first_parameter(self, owner: str, method: ast.FunctionDef) -> None:
        is_static = any(_last_name(one) == "staticmethod" for one in method.decorator_list)
        parameters = (*method.args.posonlyargs, *method.args.args)
        if parameters and not is_static:
            made = ast.Call(ast.Name(owner, ast.Load()), [], [])
            self._bind(ast.Name(parameters[0].arg), made)
            self._parameters[parameters[0].arg] = "own"

    def _bind(self, target: ast.expr, value: ast.expr | None) -> None:
        if isinstance(target, ast.Name):
            self._bound[target.id].append(value)
        elif isinstance(target, ast.Attribute):
            self._bound[f".{target.attr}"].append(value)
        elif isinstance(target, ast.Tuple | ast.List):
            parts = value.elts if isinstance(value, ast.Tuple | ast.List) else []
            same = len(parts) == len(target.elts)
            for number, one in enumerate(target.elts):
                self._bind(one, parts[number] if same else None)

    # What is used

    def _attribute(self, owner: ast.expr, name: str, node: ast.expr) -> Iterator[Found]:
        """The attribute ``name`` of the expression ``owner``."""
        if name in _MATMUL_METHODS:
            if self._kind(owner) != "own":
                yield MATMUL, node.lineno
            return
        dotted = self._dotted(owner)
        if dotted and self._is_module(dotted):
            found = _canonical(f"{dotted}.{name}")
            yield (MATMUL if found in _OPERATORS else found), node.lineno
        elif self._kind(owner, name) == "own":
            yield f"{dotted or '?'}.{name}", node.lineno
        else:
            yield f"numpy.ndarray.{name}", node.lineno

    def _of_name(self, name: str) -> str:
        found = self._aliases.get(name, name)
        if name == found and self._stars_of_numpy and name not in self._own_names():
            return _canonical(f"numpy.{name}")
        found = _canonical(found) if self._is_module(found.partition(".")[0]) else found
        return MATMUL if found in _OPERATORS else found

    def _own_names(self) -> set[str]:
        return {*self._classes, *self._makers, *self._bound, *self._parameters}

    def _by_text(self, call: ast.Call) -> Iterator[Found]:
        """``getattr(np, "dot")`` and its like, and code in a text."""
        function = self._of_function(call.func)
        arguments = [_text(one) for one in call.args]
        if function == "getattr" and len(arguments) > 1 and arguments[1]:
            yield from self._attribute(call.args[0], arguments[1], call)
        elif function in _GETATTR:
            for one in arguments:
                for part in (one or "").split("."):
                    if part:
                        yield from self._attribute(ast.Name("?", ast.Load()), part, call)
        elif isinstance(call.func, ast.Attribute) and call.func.attr in _ATTRIBUTE_METHODS:
            if arguments and arguments[-1]:
                yield from self._attribute(call.func.value, arguments[-1], call)
        elif function in _RUN_TEXT and arguments and arguments[0]:
            try:
                tree = ast.parse(arguments[0].strip())
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                return
            inner = _Names(nodes_of(tree), self._siblings)
            inner._aliases = self._aliases | inner._aliases
            for name, _ in inner.used():
                yield name, call.lineno

    def _from_namespace(self, node: ast.Subscript) -> Iterator[Found]:
        """``np.__dict__["dot"]`` and ``vars(np)["dot"]``."""
        name = _text(node.slice)
        if not name:
            return
        value = node.value
        if isinstance(value, ast.Attribute) and value.attr == "__dict__":
            yield from self._attribute(value.value, name, node)
        elif isinstance(value, ast.Call) and self._of_function(value.func) == "vars" and value.args:
            yield from self._attribute(value.args[0], name, node)

    def _of_function(self, function: ast.expr) -> str:
        dotted = self._dotted(function)
        return dotted.removeprefix("builtins.")

    def _dotted(self, node: ast.expr, depth: int = 0) -> str:
        """The dotted name of modules and what they have, aliases resolved; empty for what is not a
        name."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute) and len(parts) < _MAX_DOTS:
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        name = self._aliases.get(node.id, node.id)
        bound = self._bound.get(node.id, [])
        if name == node.id and len(bound) == 1 and bound[0] is not None and depth < _MAX_DEPTH:
            behind = self._dotted(bound[0], depth + 1)
            if behind and self._is_module(behind):
                name = behind
        return ".".join([name, *reversed(parts)])

    def _is_module(self, dotted: str) -> bool:
        """Whether the name is that of an imported module, or of something in one."""
        top = dotted.partition(".")[0]
        return top in {name.partition(".")[0] for name in self._aliases.values()}

    # What an expression is

    def _is_own_product(self, node: ast.BinOp | ast.AugAssign) -> bool:
        operands = (
            ((node.left, "__matmul__"), (node.right, "__rmatmul__"))
            if isinstance(node, ast.BinOp)
            else ((node.target, "__imatmul__"), (node.target, "__matmul__"))
        )
        return any(
            method in self._classes.get(self._class_of(operand), ()) for operand, method in operands
        )

    def _kind(self, node: ast.expr, attribute: str = "", depth: int = 0) -> _Kind:
        """An array, something of the program's own, or what the text does not tell: then it is own
        if a class of the program has the ``attribute``."""
        if self._class_of(node):
            return "own"
        if self._is_array(node, 0):
            return "array"
        has = any(attribute in members for members in self._classes.values())
        return "own" if has and attribute else "unknown"

    def _class_of(self, node: ast.expr | None, depth: int = 0) -> str:
        """The class of the program's own that the expression is, or is an object of."""
        if node is None or depth > _MAX_DEPTH:
            return ""
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Name):
                if function.id in self._classes:
                    return function.id
                return self._common(self._makers.get(function.id, []), depth)
            return ""
        if isinstance(node, ast.Name):
            if node.id in self._classes:
                return node.id
            return self._common(self._bound.get(node.id, []), depth)
        if isinstance(node, ast.Attribute):
            return self._common(self._bound.get(f".{node.attr}", []), depth)
        return ""

    def _common(self, values: Collection[ast.expr | None], depth: int) -> str:
        classes = {self._class_of(value, depth + 1) for value in values}
        return classes.pop() if len(classes) == 1 else ""

    def _is_array(self, node: ast.expr | None, depth: int) -> bool:
        if node is None or depth > _MAX_DEPTH:
            return False
        if isinstance(node, ast.Attribute | ast.Subscript):
            return self._is_array(node.value, depth + 1)
        if isinstance(node, ast.BinOp):
            return self._is_array(node.left, depth + 1) or self._is_array(node.right, depth + 1)
        if isinstance(node, ast.Call):
            dotted = self._dotted(node.func)
            if _is_numpy(dotted) and self._is_module(dotted):
                return True
            return isinstance(node.func, ast.Attribute) and self._is_array(
                node.func.value, depth + 1
            )
        if isinstance(node, ast.Name):
            bound = self._bound.get(node.id, [])
            if bound:
                return any(self._is_array(value, depth + 1) for value in bound)
            return self._parameters.get(node.id) == "array"
        return False


_OPERATORS: Final = frozenset(
    f"{module}.{name}"
    for module in ("operator", "_operator")
    for name in ("matmul", "imatmul", *_MATMUL_METHODS)
)


def _canonical(dotted: str) -> str:
    """Functions of numpy by the name that is the same wherever numpy has them: ``numpy.dot`` for
    ``numpy.ma.dot`` and ``numpy.linalg.matmul``. Methods of ufuncs keep the ufunc in front."""
    parts = dotted.split(".")
    if parts[0] != "numpy" or len(parts) < 3 or parts[1] in ("ndarray", *_UFUNCS):
        return dotted
    return f"numpy.{parts[-1]}"


_UFUNCS: Final = (
    "add",
    "subtract",
    "divide",
    "true_divide",
    "maximum",
    "minimum",
    "power",
    "hypot",
)


def _is_numpy(dotted: str) -> bool:
    return dotted.partition(".")[0] == "numpy"


def _members(node: ast.ClassDef) -> Iterator[str]:
    """The attributes that a class gives its objects."""
    for one in nodes_of(node):
        if isinstance(one, ast.FunctionDef):
            yield one.name
        elif isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store):
            yield one.attr
        elif isinstance(one, ast.AnnAssign | ast.Assign):
            targets = one.targets if isinstance(one, ast.Assign) else [one.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def _called(annotation: ast.expr | None) -> ast.expr | None:
    """An object of the class that an annotation names."""
    name = "" if annotation is None else _last_name(annotation)
    return ast.Call(ast.Name(name, ast.Load()), [], []) if name else None


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _text(node: ast.expr) -> str | None:
    """The text that an expression of constants is."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _text(node.left), _text(node.right)
        return None if left is None or right is None else left + right
    if isinstance(node, ast.JoinedStr):
        parts = [
            _text(one.value if isinstance(one, ast.FormattedValue) else one) for one in node.values
        ]
        return None if None in parts else "".join(part or "" for part in parts)
    return None
