"""A new exercise from its signature and its forward pass: all files, in memory.

In: what :mod:`~autograder.authoring.guess` found, and a worked example. Out: by path, the public
YAML with a first statement in every language, the stub, a solution to be written, and the hidden
YAML with the standard battery and the mistakes that every gradient invites. What only the author
knows is marked with ``TODO``, which lint does not let pass.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from msgspec import Struct

from autograder.authoring.guess import (
    EQUAL,
    ONE_ZERO,
    Guess,
    assigned_names,
    defined_for,
    groups_left_out,
    shown_shape,
)
from autograder.authoring.lint import END, START
from autograder.authoring.worked_example import WorkedExample, work_out
from autograder.authoring.yaml_text import folded, literal, scalar, wrapped
from autograder.course import lengths
from autograder.course.schema import modeline
from autograder.text.catalogue import text
from autograder.text.language import Language, Text

_GREEK = {
    **{
        name: f"\\{name}"
        for name in (
            *("alpha", "beta", "gamma", "delta", "eta", "theta", "mu", "nu", "rho", "sigma"),
            *("tau", "phi", "psi", "omega"),
        )
    },
    "eps": r"\varepsilon",
    "epsilon": r"\varepsilon",
    "lam": r"\lambda",
}


class NewExercise(Struct, frozen=True):
    """What to write. ``titles`` are by language; without one, it is made from the name. The lengths
    of its tests begin at ``shortest``."""

    assignment: str
    name: str
    guess: Guess
    languages: tuple[Language, ...]
    titles: Text = {}
    shortest: int = 1

    @property
    def public(self) -> str:
        return f"assignments/{self.assignment}/{self.name}.yaml"

    @property
    def stub(self) -> str:
        return f"assignments/{self.assignment}/{self.name}.py"

    @property
    def solution(self) -> str:
        return f"solutions/{self.assignment}/{self.name}.py"

    @property
    def hidden(self) -> str:
        return f"tests/hidden/{self.assignment}/{self.name}.yaml"


def scaffold(new: NewExercise) -> dict[str, str]:
    """The files by path. Raises :class:`~autograder.errors.UsageError` where no example with
    small numbers is found."""
    example = work_out(new.guess)
    return {
        new.public: "\n".join(_public(new, example)) + "\n",
        new.stub: _stub(new),
        new.solution: _solution(new),
        new.hidden: "\n".join(_hidden(new, example)) + "\n",
    }


def title_of(name: str, language: Language) -> str:
    """A title made from a name: ``gelu_backward`` is *Backward through gelu*."""
    words = name.replace("_", " ").strip()
    if words.endswith(" backward"):
        return text("scaffold_title_backward", language, layer=words.removesuffix(" backward"))
    return words[:1].upper() + words[1:]


def tex_name(name: str) -> str:
    """The name in a formula: ``W1`` as W with an index, ``dgamma`` as d and a Greek letter."""
    if name in _GREEK:
        return _GREEK[name]
    before, core = ("d", name[1:]) if name.startswith("d") and len(name) > 1 else ("", name)
    if core in _GREEK:
        return before + _GREEK[core]
    match = re.fullmatch(r"([A-Za-z])(\d*)", core)
    if match is not None:
        return before + match[1] + (f"_{match[2]}" if match[2] else "")
    return "\\mathrm{" + name.replace("_", "\\_") + "}"


def tex_numbers(value: Any) -> str | None:
    """Numbers in a formula: a vector in brackets, a matrix; None of more than two axes."""
    if not isinstance(value, list):
        return str(value)
    if not value or not isinstance(value[0], list):
        return f"({', '.join(map(str, value))})"
    if isinstance(value[0][0], list):
        return None
    rows = r" \\ ".join(" & ".join(map(str, row)) for row in value)
    return rf"\begin{{pmatrix}} {rows} \end{{pmatrix}}"


# The public file


def _public(new: NewExercise, example: WorkedExample) -> Iterator[str]:
    found = new.guess
    yield modeline(PurePosixPath(new.public)).rstrip()
    yield "title:"
    for language in new.languages:
        title = new.titles.get(language) or title_of(new.name, language)
        yield f"  {language}: {scalar(title, flow=False)}"
    yield "statement:"
    for language in new.languages:
        yield f"  {language}: {literal(_statement(new, example, language), 4)}"
    yield f"function: {found.signature}"
    for key, arrays in (("arrays", found.arrays), ("auxiliary", found.auxiliary)):
        if arrays:
            note = "            # for the forward pass alone" if key == "auxiliary" else ""
            yield f"{key}:{note}"
        for array in arrays.values():
            if array.draw == "normal" and array.dtype is None:
                yield f"  {array.name}: {shown_shape(array.shape)}"
                continue
            entry = f"shape: {shown_shape(array.shape)}, draw: {scalar(array.draw)}"
            dtype = f", dtype: {array.dtype}" if array.dtype else ""
            yield f"  {array.name}: {{{entry}{dtype}}}"
    if example.equals_argument:
        yield "new_arrays: true     # the right answer equals an argument, and must not be it"
    forward = found.forward.strip()
    single = "\n" not in forward and re.search(r": |#|^[\[{&*!|>'\"%@`]", forward) is None
    yield f"forward: {forward if single else literal(forward, 2)}"
    if found.gradients:
        yield "gradients:"
    for gradient in found.gradients.values():
        upstream = f", upstream: {gradient.upstream}" if gradient.upstream else ""
        yield f"  {gradient.output}: {{of: {gradient.of}, wrt: {gradient.wrt}{upstream}}}"
    yield "tests:"
    yield from _public_tests(new, example)


def _public_tests(new: NewExercise, example: WorkedExample) -> Iterator[str]:
    found = new.guess
    given = {name: example.given[name] for name in found.everything}
    yield from _test(new, "worked-example", _points(found, 2))
    yield f"    given: {scalar(given)}"
    yield f"    expect: {scalar(example.expect)}"
    yield from _test(new, "small-arrays", _points(found, 1))
    yield "    cases: 4"
    yield from _dims(found, shortest=new.shortest)
    yield from _test(new, "leaves-inputs-alone", "0")
    yield "    property: inputs_unchanged"
    yield "    cases: 2"
    yield from _dims(found, shortest=2)


def _test(
    new: NewExercise, name: str, points: str, suffix: str = "", **values: str
) -> Iterator[str]:
    key = f"scaffold_test_{name.replace('-', '_')}"
    titles = {language: text(key, language, **values) for language in new.languages}
    yield f"  - name: {name}{suffix}"
    yield f"    title: {scalar(titles)}"
    yield f"    points: {points}"


def _points(found: Guess, points: int) -> str:
    outputs = found.signature.outputs
    return str(points) if len(outputs) == 1 else scalar(dict.fromkeys(outputs, points))


def _is_counted(found: Guess) -> bool:
    """True where lengths follow from an argument that is a whole number, such as a stride."""
    return any(
        name in found.everything
        for array in found.everything.values()
        for dim in array.shape
        if isinstance(dim, str) and lengths.is_formula(dim)
        for name in lengths.names(dim)
    )


def _dims(found: Guess, axes: int = 1, shortest: int = 1) -> Iterator[str]:
    """Lengths for every dimension from ``shortest`` on; longer ones for what others are subtracted
    from. Where axes are free, there are at least ``axes``."""
    formulas = [
        dim
        for array in found.everything.values()
        for dim in array.shape
        if isinstance(dim, str) and lengths.is_formula(dim)
    ]
    long = {lengths.names(formula)[0] for formula in formulas if re.search("-|//", formula)}
    counted = _is_counted(found)
    parts: dict[str, str] = {}
    for dim in found.dimensions:
        if dim == "...":
            parts['"..."'] = "[[4], [2, 3]]" if axes == 1 else "[[3, 4], [2, 3, 2]]"
        elif dim in long:
            parts[dim] = ("5..6" if len(long) > 1 else "7..9") if counted else "4..6"
        else:
            parts[dim] = f"{shortest}..{3 if formulas else 4}"
    if parts:
        yield f"    dims: {{{', '.join(f'{key}: {value}' for key, value in parts.items())}}}"


# The statement


def _statement(new: NewExercise, example: WorkedExample, language: Language) -> str:
    found = new.guess

    def own(key: str, **values: object) -> str:
        return text(f"scaffold_{key}", language, **values)

    call = f"{found.signature.function}({', '.join(found.signature.parameters)})"
    blocks = [
        own("todo_statement"),
        f"{wrapped(own('forward'))}\n\n```python\n{found.forward.strip()}\n```",
    ]
    upstream = {one.upstream: one.of for one in found.gradients.values() if one.upstream}
    if upstream:
        names = ", ".join(f"`{name}`" for name in upstream)
        blocks.append(own("upstream", names=names, of=f"`{next(iter(upstream.values()))}`"))
    results = ", ".join(f"`{name}`" for name in found.signature.outputs)
    order = own("order") if len(found.signature.outputs) > 1 else ""
    blocks.append(f"{own('write', call=f'`{call}`', results=results)} {order}".strip())
    blocks.append("\n".join(_table(found, language)))
    blocks.append(_example(found, example, language))
    blocks.append(own("ending"))
    return "\n\n".join(
        block if block.startswith("|") or "```" in block else wrapped(block) for block in blocks
    )


def _table(found: Guess, language: Language) -> Iterator[str]:
    def own(key: str, **values: object) -> str:
        return text(f"scaffold_{key}", language, **values)

    yield f"| {text('word_array', language)} | shape | {own('meaning')} |"
    yield "| --- | --- | --- |"
    upstream = {one.upstream: one.of for one in found.gradients.values() if one.upstream}
    for array in found.arrays.values():
        meaning = own("argument")
        if array.name in upstream:
            meaning = own("is_upstream", of=f"`{upstream[array.name]}`")
        yield f"| `{array.name}` | {_tex_shape(array.shape, language)} | {meaning} |"
    for output in found.signature.outputs:
        gradient = found.gradients.get(output)
        shape: Sequence[str | int] | None = None
        if gradient is None:
            meaning = own("is_computed")
        else:
            meaning = own("is_gradient", wrt=f"`{gradient.wrt}`")
            if gradient.upstream is not None:
                shape = found.everything[gradient.wrt].shape
        shown = "" if shape is None else _tex_shape(shape, language)
        yield f"| `{output}` | {shown} | {meaning} |"


def _tex_shape(shape: Sequence[str | int], language: Language) -> str:
    if not shape:
        return text("word_number", language)
    dims = [r"\dots" if dim == "..." else str(dim) for dim in shape]
    shown = ", ".join(dim.replace("//", "/").replace("*", r"\cdot") for dim in dims)
    return f"$({shown}{',' if len(shape) == 1 and shape[0] != '...' else ''})$"


def _example(found: Guess, example: WorkedExample, language: Language) -> str:
    given = {name: example.given[name] for name in found.signature.parameters}
    both = [_listed(values, language) for values in (given, example.expect)]
    return text("scaffold_example", language, given=both[0], expect=both[1])


def _listed(values: Mapping[str, Any], language: Language) -> str:
    parts = []
    for name, value in values.items():
        tex = tex_numbers(value)
        parts.append(f"`{name} = {value}`" if tex is None else f"${tex_name(name)} = {tex}$")
    if len(parts) == 1:
        return parts[0]
    return text("scaffold_and", language, first=", ".join(parts[:-1]), last=parts[-1])


# Stub and solution


def _stub(new: NewExercise) -> str:
    found = new.guess
    file = Path(new.public).name
    notes = [text("scaffold_stub_task", language, file=file) for language in new.languages]
    lines = [f"    {array.name}: {_plain_shape(array.shape)}" for array in found.arrays.values()]
    for output in found.signature.outputs:
        gradient = found.gradients.get(output)
        if gradient is not None and gradient.upstream is not None:
            lines.append(
                f"\n    Returns {output}: {_plain_shape(found.everything[gradient.wrt].shape)}"
                if output == found.signature.outputs[0]
                else f"    {output}: {_plain_shape(found.everything[gradient.wrt].shape)}"
            )
    body = "\n".join(lines)
    signature = found.signature
    return f'''"""Exercise {new.name}.

{chr(10).join(notes)}
"""

import numpy as np


def {signature.function}({", ".join(signature.parameters)}):
    """Return {", ".join(signature.outputs)}.

{body}
    """
    {START}
    raise NotImplementedError("{signature.function} is not written yet")
    {END}
'''


def _plain_shape(shape: Sequence[str | int]) -> str:
    if not shape:
        return "a number"
    return f"shape ({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def _solution(new: NewExercise) -> str:
    signature = new.guess.signature
    again, imports = _forward_again(new.guess)
    note = (
        "# The forward pass again, under other names: a statement that stands in a public file as\n"
        "    # well is taken for a leak. Remove what you do not need.\n"
        f"{again}    # TODO: return {', '.join(signature.outputs)}."
        if again
        else f"# TODO: return {', '.join(signature.outputs)}. Use other names than the forward "
        "pass has: a\n    # statement that stands in a public file as well is taken for a leak."
    )
    return f"""{imports}import numpy as np


def {signature.function}({", ".join(signature.parameters)}):
    {note}
    raise NotImplementedError("the solution is still to be written")
"""


def _forward_again(found: Guess) -> tuple[str, str]:
    """The statements of the forward pass on which others build, as lines of the solution, with
    ``_`` behind the names that they assign; and what they import, as lines by themselves."""
    source = found.forward.strip()
    tree = ast.parse(source)
    returned = found.signature.outputs
    names = set(assigned_names(source))
    loaded = {node.id for node in _names_in(tree) if isinstance(node.ctx, ast.Load)}
    lines = source.encode().splitlines()
    for node in sorted(_names_in(tree), key=lambda node: -node.col_offset):
        if node.id in names and node.end_col_offset is not None:
            line = lines[node.lineno - 1]
            lines[node.lineno - 1] = (
                line[: node.end_col_offset] + b"_" + line[node.end_col_offset :]
            )
    kept, imports = [], []
    for statement in tree.body:
        text = [line.decode() for line in lines[statement.lineno - 1 : statement.end_lineno]]
        stored = {node.id for node in _names_in(statement) if isinstance(node.ctx, ast.Store)}
        stored &= names
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            imports += text
        elif stored & (loaded | set(returned)) or not stored:
            kept += text
    if ";" in source or not any(line.strip() for line in kept):
        return "", ""
    return "".join(f"    {line}\n" for line in kept), "".join(f"{line}\n" for line in imports)


def _names_in(tree: ast.AST) -> Iterator[ast.Name]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Name))


# The hidden file


class _Mistake(Struct, frozen=True):
    name: str
    outputs: dict[str, str]
    hint: str
    values: dict[str, str]


def _hidden(new: NewExercise, example: WorkedExample) -> Iterator[str]:
    yield modeline(PurePosixPath(new.hidden)).rstrip()
    yield from _battery(new.guess)
    yield "tests:"
    yield from _test(new, "more-arrays", _points(new.guess, 2))
    yield "    cases: 9"
    yield from _dims(new.guess, axes=2, shortest=new.shortest)
    if any(len(one.shape) > 1 or "..." in one.shape for one in new.guess.arrays.values()):
        yield "    layouts: [C, F, strided]"
    yield from _special_values(new)
    yield "mistakes:"
    for mistake in _mistakes(new.guess, example):
        yield f"  - name: {mistake.name}"
        yield f"    outputs: {scalar(mistake.outputs)}"
        yield "    hint:"
        for language in new.languages:
            hint = text(mistake.hint, language, **mistake.values)
            yield f"      {language}: {folded(hint, 8)}"


def _special_values(new: NewExercise) -> Iterator[str]:
    """In the place of the battery's group, where that is left out: arrays with one zero, and arrays
    of equal numbers, as far as the forward pass is defined for them."""
    found = new.guess
    if "special-values" not in groups_left_out(found):
        return
    zeros = dict.fromkeys(defined_for(found, ONE_ZERO), ONE_ZERO)
    equal = ({name: EQUAL} for name in defined_for(found, EQUAL))
    for name, draws in (("an-exact-zero", zeros), *(("equal-numbers", draw) for draw in equal)):
        if draws:
            array = next(iter(draws))
            suffix = f"-in-{array}" if name == "equal-numbers" else ""
            yield from _test(new, name, _points(found, 1), suffix, array=array)
            yield "    cases: 3"
            yield from _dims(found, axes=2, shortest=2)
            yield f"    draw: {scalar(draws)}"


def _battery(found: Guess) -> Iterator[str]:
    """The standard battery, with lengths and without groups where the layer asks for it."""
    lengths_drawn = [line.strip() for line in _dims(found)] if _is_counted(found) else []
    groups = groups_left_out(found)
    left_out = [f"except: {scalar(list(groups))}"] if groups else []
    if not lengths_drawn and not left_out:
        yield "battery: standard"
        return
    yield "battery:"
    for line in (*left_out, *lengths_drawn):
        yield f"  {line}"


def _mistakes(found: Guess, example: WorkedExample) -> Iterator[_Mistake]:
    """Mistakes that are made with every gradient, as far as the shapes allow them and the example
    tells them from what is right, as it does not where a shift hands its gradient on."""
    everything = found.everything
    gradients = [one for one in found.gradients.values() if one.output in found.signature.outputs]
    for gradient in gradients:
        output, name = gradient.output, {"name": f"`{gradient.output}`"}
        suffix = f"-of-{output}" if len(gradients) > 1 else ""
        yield _Mistake(f"wrong-sign{suffix}", {output: f"-{output}"}, "scaffold_hint_sign", name)
    for gradient in gradients[:2]:
        output, name = gradient.output, {"name": f"`{gradient.output}`"}
        suffix = f"-of-{output}" if len(gradients) > 1 else ""
        yield _Mistake(
            f"factor-two{suffix}", {output: f"2 * {output}"}, "scaffold_hint_twice", name
        )
        low = {output: f"{output}.astype(np.float32)"}
        if gradient is gradients[0] and (
            gradient.upstream is None or everything[gradient.wrt].shape
        ):
            yield _Mistake("single-precision", low, "scaffold_hint_float32", name)
    for gradient in gradients:
        output = gradient.output
        if gradient.upstream is None or gradient.upstream not in found.arrays:
            continue
        shape, above = everything[gradient.wrt].shape, everything[gradient.upstream].shape
        values = {"name": f"`{output}`", "upstream": f"`{gradient.upstream}`"}
        suffix = f"-of-{output}" if len(gradients) > 1 else ""
        if len(shape) == 1 and shape[0] != "...":
            column = {output: f"{output}.reshape(-1, 1)"}
            yield _Mistake(f"column-vector{suffix}", column, "scaffold_hint_column", values)
        if shape == above and shape and example.expect[output] != example.given[gradient.upstream]:
            passed_on = {output: f"1.0 * {gradient.upstream}"}
            yield _Mistake(f"ignores-the-layer{suffix}", passed_on, "scaffold_hint_layer", values)
        if above and above[0] not in shape and above[0] != "...":
            mean = {output: f"{output} / len({gradient.upstream})"}
            yield _Mistake(f"mean-instead-of-sum{suffix}", mean, "scaffold_hint_mean", values)
