"""An exercise's public and hidden YAML, read and checked against each other."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from autograder.course import lengths
from autograder.course.declaration import (
    FILES,
    ArrayEntry,
    Declared,
    ExerciseFile,
    GradientEntry,
    HiddenFile,
    MistakeEntry,
    RightEntry,
    TestEntry,
)
from autograder.course.exercise import (
    WHOLE_AND_SMALL,
    Array,
    DisabledTest,
    Exercise,
    Gradient,
    Mistake,
    Origin,
    Part,
    RightAnswer,
    Signature,
    Test,
    Visibility,
)
from autograder.course.loading.answers import (
    answer_tests,
    read_answers,
    refuse_code,
)
from autograder.course.loading.battery import read_battery, read_right
from autograder.course.loading.convert import convert
from autograder.course.loading.exercise_tests import Setting, read_test
from autograder.course.loading.node import Findings, Node, suggest
from autograder.course.loading.pytest_files import Found, pytest_files, read_pytest_file
from autograder.course.loading.python_source import check_code
from autograder.course.loading.syntax import (
    check_draw,
    check_expression,
    check_function_expressions,
    check_lengths,
    check_name,
    parse_class,
    parse_forward,
    parse_function,
)
from autograder.course.loading.yaml_source import read_yaml
from autograder.text.language import Language

Origins = dict[str, Origin]


def load_exercise(
    root: Path,
    assignment: str,
    name: str,
    languages: tuple[Language, ...],
    *,
    public: bool = False,
) -> Exercise:
    """The exercise, from its YAML alone; ``public``, from what students have of it.

    Raises the first :class:`~autograder.errors.CourseError`, with all others that were found in
    its ``more``.
    """
    public_path = root / "assignments" / assignment / f"{name}.yaml"
    hidden_path: Path | None = root / "tests" / "hidden" / assignment / f"{name}.yaml"
    solution_path = root / "solutions" / assignment / f"{name}.py"
    assert hidden_path is not None
    if public or not hidden_path.is_file():
        hidden_path = None
    # A student's bundle has neither tree; a course has both.
    complete = not public and (
        (root / "tests" / "hidden").is_dir() or (root / "solutions").is_dir()
    )
    findings = Findings()
    hidden: HiddenFile | None = None
    pytest_tests: list[Found] = []
    with findings.collect():
        for path in [] if public else pytest_files(root, assignment, name):
            pytest_tests += read_pytest_file(path, root)
    with findings.collect():
        exercise = _converted("exercise", ExerciseFile, public_path, root, languages)
    with findings.collect():
        if hidden_path is not None:
            hidden = _converted("hidden", HiddenFile, hidden_path, root, languages)
    findings.raise_first()
    origins: Origins = {key: _origin(exercise.at(key)) for key in ("title", "statement")}
    refuse_code(exercise, hidden, pytest_tests)
    setting, forward = read_setting(exercise, origins)
    answers = read_answers(exercise, hidden, setting)
    if hidden is not None:
        for output in hidden.follows or ():
            origins[f"follows.{output}"] = _origin(hidden.at("follows", output))
    tests, disabled, mistakes, right = _read_parts(
        exercise, hidden, setting, pytest_tests, languages, origins
    )
    if complete:  # else those that give points, or all, may be hidden
        check_points(exercise, tests)
    return Exercise(
        assignment=assignment,
        name=name,
        title=exercise.title,
        statement=exercise.statement,
        signature=setting.signature,
        arrays=dict(setting.arrays),
        auxiliary=dict(setting.auxiliary),
        functions=dict(setting.functions),
        forward=forward,
        gradients=dict(setting.gradients),
        tests=tests,
        mistakes=mistakes,
        right=right,
        disabled=disabled,
        answers=answers,
        own_numbers=bool(answers) and exercise.given is None,
        public_path=public_path,
        hidden_path=hidden_path,
        stub_path=public_path.with_suffix(".py"),
        solution_path=solution_path if complete else None,
        new_arrays=exercise.new_arrays,
        accept_lists=exercise.accept_lists,
        is_class=setting.is_class,
        origins=origins,
    )


def _converted(
    kind: str, base: type[Any], path: Path, root: Path, languages: tuple[Language, ...]
) -> Any:
    assert issubclass(FILES[kind], base)
    return convert(FILES[kind], read_yaml(path, root), languages)


def _origin(node: Node) -> Origin:
    return Origin(Path(node.document.shown), *node.document.place(node.keys))


# What tests refer to


def read_setting(file: ExerciseFile, origins: Origins) -> tuple[Setting, str | None]:
    """Signature, arrays and gradients, and the statements of the forward pass.

    Notes where they stand. Raises :class:`CourseError`.
    """
    signature = read_signature(file, origins)
    findings = Findings()
    with findings.collect():
        arrays, auxiliary = read_arrays(file)
        functions = {
            name: check_function_expressions(node) for name, node in _entries(file, "functions")
        }
        check_names(file, signature, arrays, auxiliary, functions)
    findings.raise_first()
    everything = arrays | auxiliary
    forward, assigned = None, frozenset[str]()
    with findings.collect():
        if file.forward is not None:
            forward, assigned = parse_forward(file.at("forward"), everything)
            origins["forward"] = _origin(file.at("forward"))
    gradients: dict[str, Gradient] = {}
    # Where the forward pass cannot be read, that is said, and nothing about what it assigns.
    unreadable = file.forward is not None and forward is None
    for output, entry in {}.items() if unreadable else (file.gradients or {}).items():
        with findings.collect():
            node = file.at("gradients", output)
            gradients[output] = read_gradient(node, entry, signature, everything, assigned)
            origins[f"gradients.{output}"] = _origin(node)
    findings.raise_first()
    is_class = file.class_ is not None
    return (
        Setting(signature, is_class, arrays, auxiliary, functions, gradients, assigned),
        forward,
    )


def _entries(file: Declared, key: str) -> Iterator[tuple[str, Node]]:
    yield from (file.at(key).entries() if file.has(key) else {}).items()


def read_signature(file: ExerciseFile, origins: Origins) -> Signature:
    """The signature of the function, or of the class and its outputs. Answers by hand have that of
    their solution, whose function is called like the exercise."""
    if file.answers is not None:
        origins["function"] = _origin(file.at("answers"))
        name = Path(file.node.document.shown).stem
        return Signature(name, tuple(file.arrays), tuple(file.answers))
    key = "function" if file.has("function") else "class"
    origins["function"] = _origin(file.at(key))
    if key == "function":
        if file.outputs is not None:
            raise file.error("'outputs' belongs to a class; a function has '->'", "outputs")
        return parse_function(file.at("function"))
    if file.outputs is None:
        raise file.error("a class needs 'outputs', the names that steps assign", "class")
    return parse_class(file.at("class"), file.outputs)


def read_arrays(file: ExerciseFile) -> tuple[dict[str, Array], dict[str, Array]]:
    """The arrays and those of the forward pass alone. Their lengths and expressions follow from
    what is drawn before them, which all arrays together say."""
    read: dict[str, dict[str, Array]] = {"arrays": {}, "auxiliary": {}}
    for key, entries in (("arrays", file.arrays), ("auxiliary", file.auxiliary or {})):
        for name, entry in entries.items():
            read[key][name] = read_array(name, entry, file.at(key, name))
            if file.answers is not None and not file.has(key, name, "draw"):
                read[key][name] = replace(read[key][name], draw=WHOLE_AND_SMALL)
    everything = {**read["arrays"], **read["auxiliary"]}
    for key in read:
        for name, node in _entries(file, key):
            long = isinstance(node.value, dict)
            check_lengths(node.child("shape") if long else node, name, everything)
            if long and "draw" in node.value:
                check_draw(node.child("draw"), name, everything)
    return read["arrays"], read["auxiliary"]


def read_array(name: str, entry: ArrayEntry | tuple[str | int, ...], node: Node) -> Array:
    """The array that the ``entry`` declares, at ``node``."""
    check_name(node, name, "array")
    if isinstance(entry, ArrayEntry):
        return Array(name, read_shape(entry.at("shape")), entry.draw, entry.dtype)
    return Array(name, read_shape(node))


def read_shape(node: Node) -> tuple[str | int, ...]:
    """Names, lengths and formulas; ``...`` may come first."""
    shape: list[str | int] = []
    for index, item in enumerate(node.items()):
        dim = item.value
        if isinstance(dim, int) or dim == "...":
            if dim == "..." and index:
                raise item.error("'...' must be the first of the dimensions")
            shape.append(dim)
        elif dim.isidentifier():
            check_name(item, dim, "dimension")
            shape.append(dim)
        elif (formula := lengths.parse(dim)) is not None:
            shape.append(formula)
        else:
            raise item.error(
                f"'{dim}' is not a dimension: use a name such as n, a length, '...', or "
                "what a length follows from, such as n - k + 1"
            )
    return tuple(shape)


def check_names(
    file: ExerciseFile,
    signature: Signature,
    arrays: Collection[str],
    auxiliary: Collection[str],
    functions: Collection[str],
) -> None:
    """Every parameter is one array or function, and of a function, every array a parameter."""
    known = {*arrays, *functions}
    for parameter in signature.parameters:
        if parameter not in known:
            raise file.error(
                f"the parameter '{parameter}' of {signature.function} has no entry in "
                f"'arrays'; give its shape, such as '{parameter}: [n]'",
                "arrays",
            )
    for key, names in (("arrays", arrays), ("functions", functions)):
        for name in names:
            if key == "functions" and name in arrays:
                raise file.error(
                    f"'{name}' is in 'arrays' already; remove it from one of the two", key, name
                )
            if file.class_ is None and name not in signature.parameters:
                raise file.error(
                    f"'{name}' is not a parameter of {signature.function}"
                    f"{suggest(name, signature.parameters)}",
                    key,
                    name,
                )
    for name in auxiliary:
        if name in known:
            raise file.error(f"'{name}' is in 'arrays' already", "auxiliary", name)


def read_gradient(
    node: Node,
    entry: GradientEntry,
    signature: Signature,
    arrays: Collection[str],
    assigned: Collection[str],
) -> Gradient:
    """What an output is the gradient of: names that the forward pass and the arrays have."""
    output = str(node.keys[-1])
    if output not in signature.outputs:
        raise node.error(
            f"'{output}' is not an output of {signature.function}"
            f"{suggest(output, signature.outputs)}"
        )
    if not assigned:
        raise node.error("gradients need a 'forward' that computes what they are of; add it")
    for key, known, what in (
        ("of", assigned, "a name that 'forward' assigns"),
        ("wrt", arrays, "an array"),
        ("upstream", arrays, "an array"),
    ):
        name = getattr(entry, key)
        if name is not None and name not in known:
            raise entry.error(f"'{name}' is not {what}{suggest(name, known)}", key)
    return Gradient(output, entry.of, entry.wrt, entry.upstream)


# Tests, mistakes and right answers


def _read_parts(
    file: ExerciseFile,
    hidden: HiddenFile | None,
    setting: Setting,
    pytest_tests: Sequence[Found],
    languages: tuple[Language, ...],
    origins: Origins,
) -> tuple[
    tuple[Test, ...], tuple[DisabledTest, ...], tuple[Mistake, ...], tuple[RightAnswer, ...]
]:
    findings = Findings()
    tests: dict[str, Test] = {}
    reasons: dict[str, str] = {}
    sources: list[tuple[TestEntry, Visibility]] = [
        *((entry, "public") for entry in file.tests or ()),
        *((entry, "hidden") for entry in (hidden and hidden.tests) or ()),
    ]
    for entry, visibility in sources:
        with findings.collect():
            test = read_test(entry, setting, visibility)
            _add(tests, test, "tests", entry, origins)
            reason = _reason_disabled(entry, visibility)
            if reason is not None:
                reasons[test.name] = reason
    with findings.collect():
        for test, origin in answer_tests(file, setting):
            tests[test.name] = test
            origins[f"tests.{test.name}"] = origin
    findings.raise_first()
    mistakes: dict[str, Mistake] = {}
    right: dict[str, RightAnswer] = {}
    if hidden is not None:
        with findings.collect():
            if hidden.battery is not None:
                node = hidden.at("battery")
                for test in read_battery(
                    hidden.battery, node, setting, tuple(tests.values()), languages
                ):
                    if test.name in tests:
                        raise node.error(
                            f"'{test.name}' is a test of the battery; rename the other"
                        )
                    tests[test.name] = test
                    origins[f"tests.{test.name}"] = _origin(node)
        for mistake in hidden.mistakes or ():
            with findings.collect():
                _add(mistakes, read_mistake(mistake, setting), "mistakes", mistake, origins)
        for answer in hidden.right or ():
            with findings.collect():
                found = read_right(answer, setting.signature)
                _add(right, found, "right answers", answer, {})
    for written in pytest_tests:
        with findings.collect():
            if written.test.name in tests:
                raise file.error(
                    f"there are two tests named '{written.test.name}'; rename one of them"
                )
            tests[written.test.name] = written.test
            origins[f"tests.{written.test.name}"] = written.origin
    findings.raise_first()
    return (
        tuple(test for test in tests.values() if test.name not in reasons),
        tuple(DisabledTest(tests[name], reason) for name, reason in reasons.items()),
        tuple(mistakes.values()),
        tuple(right.values()),
    )


def _reason_disabled(entry: TestEntry, visibility: Visibility) -> str | None:
    """Why the test is out of service; None where it is not."""
    if not entry.disabled:
        if entry.reason is not None:
            raise entry.error("'reason' belongs to 'disabled: true'; remove it", "reason")
        return None
    if visibility == "public":
        raise entry.error(
            "students have the public tests, and see their points; remove the test instead of "
            "disabling it",
            "disabled",
        )
    if entry.reason is None or not entry.reason.strip():
        raise entry.error(
            f"{entry.node.name} is disabled without saying why; add 'reason'", "disabled"
        )
    return entry.reason.strip()


def _add(
    found: dict[str, Any],
    one: Any,
    kind: str,
    entry: TestEntry | MistakeEntry | RightEntry,
    origins: Origins,
) -> None:
    """Add it by its name, which no other one has, and note where it stands."""
    if one.name in found:
        raise entry.error(f"there are two {kind} named '{one.name}'; rename one of them", "name")
    found[one.name] = one
    origins[f"{kind}.{one.name}"] = _origin(entry.at("name"))


def check_points(file: ExerciseFile, tests: Collection[Test]) -> None:
    """There are tests, and some give points."""
    if not tests:
        raise file.error("the exercise has no tests; write at least one")
    parts: list[Part] = [part for test in tests for part in test.parts]
    if not any(part.points for part in parts):
        raise file.error("no test of the exercise gives points; give some, such as 'points: 1'")


def read_mistake(entry: MistakeEntry, setting: Setting) -> Mistake:
    """The mistake that the ``entry`` declares."""
    signature = setting.signature
    if entry.outputs is not None and setting.is_class:
        raise entry.error("a mistake in a class is written as 'code'", "outputs")
    outputs: dict[str, str] = {}
    values = {}
    for name, node in _entries(entry, "values"):
        if not name.isidentifier() or name in (*signature.parameters, *signature.outputs):
            raise node.error(f"'{name}' cannot stand for a number here; choose another name")
        values[name] = _numbers(node)
    if math.prod(map(len, values.values())) > MAX_VALUES:
        raise entry.error(f"more than {MAX_VALUES} combinations of numbers; write fewer", "values")
    # What the expressions see: the student's inputs, and the right outputs.
    names = (*signature.parameters, *signature.outputs, *values)
    for output, node in _entries(entry, "outputs"):
        if output not in signature.outputs:
            raise node.error(
                f"'{output}' is not an output of {signature.function}"
                f"{suggest(output, signature.outputs)}"
            )
        outputs[output] = check_expression(node, names)
    code = None if entry.code is None else check_code(entry.at("code"), signature)
    return Mistake(name=entry.name, hint=entry.hint, outputs=outputs, code=code, values=values)


# A mistake is run with each combination of its numbers.
MAX_VALUES = 24


def _numbers(node: Node) -> tuple[float, ...]:
    """The numbers that are written as ``1e-15..1e-5``, which is all powers of ten, or ``1, 2``."""
    written = str(node.value)
    first, dots, last = written.partition("..")
    try:
        if not dots:
            found = tuple(float(one) for one in written.split(","))
        else:
            powers = [round(math.log10(float(end))) for end in (first, last)]
            found = tuple(float(f"1e{power}") for power in range(powers[0], powers[1] + 1))
    except (ValueError, OverflowError):
        found = ()
    if not found or not all(map(math.isfinite, found)):
        raise node.error(
            f"'{written}' are no numbers; write them as '1e-15..1e-5' or as '0.001, 0.01, 0.1'"
        )
    return found
