"""An exercise's public and hidden YAML, read and checked against each other."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from autograder.course import lengths
from autograder.course.battery import Subject, steps_of
from autograder.course.exercise import (
    Array,
    Dtype,
    Exercise,
    Gradient,
    Mistake,
    Origin,
    RightAnswer,
    RunTest,
    Signature,
    Step,
    Test,
    Visibility,
)
from autograder.course.loading.battery import read_battery, read_right
from autograder.course.loading.examples import DTYPES
from autograder.course.loading.exercise_tests import TestReader, read_name
from autograder.course.loading.node import Node, suggest
from autograder.course.loading.pytest_files import Found, pytest_files, read_pytest_file
from autograder.course.loading.python_source import check_code
from autograder.course.loading.syntax import (
    check_draw,
    check_expression,
    check_lengths,
    check_name,
    parse_class,
    parse_forward,
    parse_function,
    read_functions,
)
from autograder.course.loading.yaml_source import Document, read_yaml
from autograder.text.language import Language

_PUBLIC_KEYS = (
    "title",
    "statement",
    "function",
    "class",
    "outputs",
    "arrays",
    "auxiliary",
    "functions",
    "new_arrays",
    "accept_lists",
    "forward",
    "gradients",
    "tests",
)
_HIDDEN_KEYS = ("battery", "tests", "mistakes", "right")


def load_exercise(
    root: Path,
    assignment: str,
    name: str,
    languages: tuple[Language, ...],
    *,
    public: bool = False,
) -> Exercise:
    """The exercise, from its YAML alone; ``public``, from what students have of it.

    Raises :class:`~autograder.errors.CourseError`.
    """
    public_path = root / "assignments" / assignment / f"{name}.yaml"
    hidden_path = root / "tests" / "hidden" / assignment / f"{name}.yaml"
    solution_path = root / "solutions" / assignment / f"{name}.py"
    hidden = read_yaml(hidden_path, root) if not public and hidden_path.is_file() else None
    files = [] if public else pytest_files(root, assignment, name)
    written = [found for path in files for found in read_pytest_file(path, root)]
    # A student's bundle has neither tree; a course has both.
    complete = not public and (
        (root / "tests" / "hidden").is_dir() or (root / "solutions").is_dir()
    )
    reader = _Reader(read_yaml(public_path, root), hidden, written, languages, not complete)
    return reader.read(
        assignment,
        name,
        public_path,
        None if hidden is None else hidden_path,
        solution_path if complete else None,
    )


class _Reader:
    """Reads one exercise; remembers where its parts are written."""

    def __init__(
        self,
        public: Document,
        hidden: Document | None,
        pytest_tests: Sequence[Found],
        languages: tuple[Language, ...],
        public_only: bool,
    ) -> None:
        self._public = Node.root(public)
        self._hidden = None if hidden is None else Node.root(hidden)
        self._pytest_tests = pytest_tests
        self._languages = languages
        self._public_only = public_only
        self._origins: dict[str, Origin] = {}

    def read(
        self,
        assignment: str,
        name: str,
        public_path: Path,
        hidden_path: Path | None,
        solution_path: Path | None,
    ) -> Exercise:
        entries = self._public.mapping(_PUBLIC_KEYS, required=("title", "statement", "arrays"))
        signature, is_class = self._signature(entries)
        arrays = self._arrays(entries["arrays"])
        auxiliary = self._arrays(entries["auxiliary"]) if "auxiliary" in entries else {}
        everything = arrays | auxiliary
        self._check_draws(entries, everything)
        functions = self._functions(entries.get("functions"))
        self._check_names(entries, signature, is_class, arrays, auxiliary, functions)
        forward, assigned = None, frozenset[str]()
        if "forward" in entries:
            forward, assigned = parse_forward(entries["forward"], everything)
            self._remember("forward", entries["forward"])
        gradients = self._gradients(entries.get("gradients"), signature, everything, assigned)
        reader = TestReader(
            signature=signature,
            is_class=is_class,
            arrays=arrays,
            auxiliary=auxiliary,
            functions=functions,
            gradients=gradients,
            forward_names=assigned,
            languages=self._languages,
        )
        tests = self._tests(entries, reader, signature, is_class, arrays, auxiliary)
        return Exercise(
            assignment=assignment,
            name=name,
            title=entries["title"].by_language(self._languages),
            statement=entries["statement"].by_language(self._languages),
            signature=signature,
            arrays=arrays,
            auxiliary=auxiliary,
            functions=functions,
            forward=forward,
            gradients=gradients,
            tests=tests,
            mistakes=self._mistakes(signature, is_class),
            right=self._right(signature),
            public_path=public_path,
            hidden_path=hidden_path,
            stub_path=public_path.with_suffix(".py"),
            solution_path=solution_path,
            new_arrays="new_arrays" in entries and entries["new_arrays"].truth(),
            accept_lists="accept_lists" in entries and entries["accept_lists"].truth(),
            is_class=is_class,
            origins=self._origins,
        )

    def _remember(self, key: str, node: Node) -> None:
        self._origins[key] = Origin(Path(node.document.shown), *node.document.place(node.keys))

    def _signature(self, entries: dict[str, Node]) -> tuple[Signature, bool]:
        if ("function" in entries) == ("class" in entries):
            raise self._public.error(
                "give one of 'function' (such as 'dx(W, dy) -> dx') and 'class' "
                "(such as 'Linear(W, b)')"
            )
        if "function" in entries:
            self._remember("function", entries["function"])
            if "outputs" in entries:
                raise entries["outputs"].error("'outputs' belongs to a class; a function has '->'")
            return parse_function(entries["function"]), False
        self._remember("function", entries["class"])
        if "outputs" not in entries:
            raise entries["class"].error("a class needs 'outputs', the names that steps assign")
        return parse_class(entries["class"], entries["outputs"]), True

    def _arrays(self, node: Node) -> dict[str, Array]:
        return {name: self._array(name, entry) for name, entry in node.mapping().items()}

    def _array(self, name: str, node: Node) -> Array:
        check_name(node, name, "array")
        if isinstance(node.value, list):
            return Array(name, self._shape(node))
        if not isinstance(node.value, dict):
            raise node.error(
                f"{node.name} must be a list of dimensions such as [m, n], or a mapping with "
                f"'shape', not {node.kind()}"
            )
        entries = node.mapping(("shape", "draw", "dtype"), required=("shape",))
        draw, dtype = "normal", None
        if "draw" in entries:
            draw = check_expression(entries["draw"])
        if "dtype" in entries:
            dtype = _dtype(entries["dtype"])
        return Array(name, self._shape(entries["shape"]), draw, dtype)

    def _check_draws(self, entries: dict[str, Node], everything: dict[str, Array]) -> None:
        """Lengths and expressions follow from what is drawn before them, which all arrays
        together say."""
        for key in ("arrays", "auxiliary"):
            for name, entry in (entries[key].mapping() if key in entries else {}).items():
                long = isinstance(entry.value, dict)
                check_lengths(entry.child("shape") if long else entry, name, everything)
                if long and "draw" in entry.value:
                    check_draw(entry.child("draw"), name, everything)

    def _shape(self, node: Node) -> tuple[str | int, ...]:
        shape: list[str | int] = []
        for index, item in enumerate(node.items()):
            if isinstance(item.value, int):
                shape.append(item.integer(1, 4096))
            elif item.text() == "...":
                if index:
                    raise item.error("'...' must be the first of the dimensions")
                shape.append("...")
            elif item.text().isidentifier():
                check_name(item, item.text(), "dimension")
                shape.append(item.text())
            elif (formula := lengths.parse(item.text())) is not None:
                shape.append(formula)
            else:
                raise item.error(
                    f"'{item.value}' is not a dimension: use a name such as n, a length, '...', or "
                    "what a length follows from, such as n - k + 1"
                )
        return tuple(shape)

    def _functions(self, node: Node | None) -> dict[str, tuple[str, ...]]:
        if node is None:
            return {}
        return {name: read_functions(entry) for name, entry in node.mapping().items()}

    def _check_names(
        self,
        entries: dict[str, Node],
        signature: Signature,
        is_class: bool,
        arrays: Collection[str],
        auxiliary: Collection[str],
        functions: Collection[str],
    ) -> None:
        known = {*arrays, *functions}
        for parameter in signature.parameters:
            if parameter not in known:
                raise entries["arrays"].error(
                    f"the parameter '{parameter}' of {signature.function} has no entry in "
                    f"'arrays'; give its shape, such as '{parameter}: [n]'"
                )
        for name in arrays:
            if not is_class and name not in signature.parameters:
                raise entries["arrays"].error(
                    f"'{name}' is not a parameter of {signature.function}"
                    f"{suggest(name, signature.parameters)}",
                    name,
                )
        for name in functions:
            if name in arrays:
                raise entries["functions"].error(
                    f"'{name}' is in 'arrays' already; remove it from one of the two", name
                )
            if not is_class and name not in signature.parameters:
                raise entries["functions"].error(
                    f"'{name}' is not a parameter of {signature.function}"
                    f"{suggest(name, signature.parameters)}",
                    name,
                )
        for name in auxiliary:
            if name in known:
                raise entries["auxiliary"].error(f"'{name}' is in 'arrays' already", name)

    def _gradients(
        self,
        node: Node | None,
        signature: Signature,
        arrays: Collection[str],
        assigned: Collection[str],
    ) -> dict[str, Gradient]:
        gradients: dict[str, Gradient] = {}
        for output, entry in (node.mapping() if node else {}).items():
            if output not in signature.outputs:
                raise entry.error(
                    f"'{output}' is not an output of {signature.function}"
                    f"{suggest(output, signature.outputs)}"
                )
            parts = entry.mapping(("of", "wrt", "upstream"), required=("of", "wrt"))
            if not assigned:
                raise entry.error(
                    "gradients need a 'forward' that computes what they are of; add it"
                )
            self._remember(f"gradients.{output}", entry)
            gradients[output] = Gradient(
                output,
                _known(parts["of"], assigned, "a name that 'forward' assigns"),
                _known(parts["wrt"], arrays, "an array"),
                _known(parts["upstream"], arrays, "an array") if "upstream" in parts else None,
            )
        return gradients

    def _tests(
        self,
        entries: dict[str, Node],
        reader: TestReader,
        signature: Signature,
        is_class: bool,
        arrays: dict[str, Array],
        auxiliary: dict[str, Array],
    ) -> tuple[Test, ...]:
        found: dict[str, Test] = {}
        sources: list[tuple[Node, Visibility]] = []
        if "tests" in entries:
            sources.append((entries["tests"], "public"))
        if self._hidden is not None:
            hidden = self._hidden.mapping(_HIDDEN_KEYS)
            if "tests" in hidden:
                sources.append((hidden["tests"], "hidden"))
        for node, visibility in sources:
            if node.value == []:
                raise node.error("'tests' is empty; write a test, or remove the key")
            for item in node.items():
                test = reader.read(item, visibility)
                if test.name in found:
                    raise item.error(
                        f"there are two tests named '{test.name}'; rename one of them", "name"
                    )
                found[test.name] = test
                self._remember(f"tests.{test.name}", item.child("name"))
        hidden = {} if self._hidden is None else self._hidden.mapping(_HIDDEN_KEYS)
        if "battery" in hidden:
            node = hidden["battery"]
            for test in self._battery(
                node, reader, signature, is_class, arrays, auxiliary, list(found.values())
            ):
                if test.name in found:
                    raise node.error(f"'{test.name}' is a test of the battery; rename the other")
                found[test.name] = test
                self._remember(f"tests.{test.name}", node)
        for written in self._pytest_tests:
            if written.test.name in found:
                raise self._public.error(
                    f"there are two tests named '{written.test.name}'; rename one of them"
                )
            found[written.test.name] = written.test
            self._origins[f"tests.{written.test.name}"] = written.origin
        if self._public_only:  # its tests, or those that give points, may all be hidden
            return tuple(found.values())
        if not found:
            raise self._public.error("the exercise has no tests; write at least one")
        if not any(part.points for test in found.values() for part in test.parts):
            raise self._public.error(
                "no test of the exercise gives points; give some, such as 'points: 1'"
            )
        return tuple(found.values())

    def _battery(
        self,
        node: Node,
        reader: TestReader,
        signature: Signature,
        is_class: bool,
        arrays: dict[str, Array],
        auxiliary: dict[str, Array],
        tests: Sequence[Test],
    ) -> tuple[RunTest, ...]:
        run_tests = [test for test in tests if isinstance(test, RunTest)]
        steps: tuple[Step, ...] = (
            Step(signature.outputs, signature.function, signature.parameters),
        )
        if is_class:
            steps = steps_of(run_tests, signature.outputs)
            if not steps:
                raise node.error(
                    "the battery of a class takes its steps from a test, and none has steps that "
                    f"give all of {', '.join(signature.outputs)}; write one"
                )
        subject = Subject(signature.parameters, arrays, auxiliary, steps, is_class, self._languages)
        return read_battery(node, subject, signature.outputs, reader.read_optional_dims)

    def _right(self, signature: Signature) -> tuple[RightAnswer, ...]:
        hidden = {} if self._hidden is None else self._hidden.mapping(_HIDDEN_KEYS)
        return read_right(hidden["right"], signature) if "right" in hidden else ()

    def _mistakes(self, signature: Signature, is_class: bool) -> tuple[Mistake, ...]:
        hidden = {} if self._hidden is None else self._hidden.mapping(_HIDDEN_KEYS)
        found: dict[str, Mistake] = {}
        for item in hidden["mistakes"].items() if "mistakes" in hidden else ():
            mistake = self._mistake(item, signature, is_class)
            if mistake.name in found:
                raise item.error(
                    f"there are two mistakes named '{mistake.name}'; rename one of them", "name"
                )
            found[mistake.name] = mistake
            self._remember(f"mistakes.{mistake.name}", item.child("name"))
        return tuple(found.values())

    def _mistake(self, node: Node, signature: Signature, is_class: bool) -> Mistake:
        name = read_name(node.mapping(required=("name",))["name"], "mistake")
        node.name = f"mistake '{name}'"
        entries = node.mapping(("name", "outputs", "code", "hint"), required=("hint",))
        if ("outputs" in entries) == ("code" in entries):
            raise node.error(
                f"{node.name} needs either 'outputs' (expressions) or 'code' (a whole wrong file)"
            )
        if "outputs" in entries and is_class:
            raise entries["outputs"].error("a mistake in a class is written as 'code'")
        outputs = {}
        # What the expressions see: the student's inputs, and the right outputs.
        names = (*signature.parameters, *signature.outputs)
        for output, entry in (entries["outputs"].mapping() if "outputs" in entries else {}).items():
            if output not in signature.outputs:
                raise entry.error(
                    f"'{output}' is not an output of {signature.function}"
                    f"{suggest(output, signature.outputs)}"
                )
            outputs[output] = check_expression(entry, names)
        if "outputs" in entries and not outputs:
            raise entries["outputs"].error(
                f"'outputs' of {node.name} is empty; say which outputs are wrong, and how"
            )
        return Mistake(
            name=name,
            hint=entries["hint"].by_language(self._languages),
            outputs=outputs,
            code=check_code(entries["code"], signature) if "code" in entries else None,
        )


def _dtype(node: Node) -> Dtype:
    node.choice(DTYPES)
    return node.value  # type: ignore[no-any-return]


def _known(node: Node, known: Collection[str], what: str) -> str:
    name = node.text()
    if name not in known:
        raise node.error(f"'{name}' is not {what}{suggest(name, known)}")
    return name
