"""Statements as HTML that needs no network: formulas as MathML, which browsers show by themselves.

Without ``latex2mathml``, which comes with the extra ``[author]``, formulas are in the characters
that a terminal shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import Any

import numpy as np
from markdown_it import MarkdownIt

from autograder.course.statement import CODE_OR_MATH, formula_in_characters

# Characters for private use, which no text has, around the number of a formula.
_OPEN, _CLOSE = "\ue000", "\ue001"
_markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def as_html(markdown: str, *, inline: bool = False) -> str:
    """Markdown with formulas between dollar signs as HTML. ``inline`` is a line within another.
    HTML in it is shown as text."""
    formulas: list[str] = []

    def keep(match: re.Match[str]) -> str:
        if match["code"] is not None:
            return match[0]
        display = match["inline"] is None
        formula = match["display"] if display else match["inline"]
        formulas.append(formula_html(formula, display=display))
        mark = f"{_OPEN}{len(formulas) - 1}{_CLOSE}"
        return f"\n{match['line']}\n{match['line']}{mark}\n\n" if display else mark

    text = CODE_OR_MATH.sub(keep, markdown.replace(_OPEN, "").replace(_CLOSE, ""))
    html: str = _markdown.renderInline(text) if inline else _markdown.render(text)
    return re.sub(f"{_OPEN}(\\d+){_CLOSE}", lambda match: formulas[int(match[1])], html)


def formula_html(formula: str, *, display: bool = False) -> str:
    """A formula in LaTeX as MathML, or in characters where it cannot be converted."""
    try:
        from latex2mathml.converter import convert

        mathml: str = convert(" ".join(formula.split()), display="block" if display else "inline")
    except Exception:  # it has an exception for every flaw of a formula, or is not installed
        shown = f"<code>{escape(formula_in_characters(formula))}</code>"
        return f'<span class="formula">{shown}</span>' if display else shown
    return mathml


def array_latex(name: str, array: np.ndarray[Any, Any]) -> str:
    """``W = \\begin{pmatrix}1 & 2\\\\3 & 4\\end{pmatrix}``; a vector is a column."""
    if array.ndim > 2:
        return f"{latex_name(name)} = \\text{{{np.array2string(array, separator=', ')}}}"
    if not array.ndim:
        return f"{latex_name(name)} = {number(array.item())}"
    rows: Iterable[Iterable[float]] = array.reshape(len(array), -1).tolist()
    inner = r" \\ ".join(" & ".join(number(one) for one in row) for row in rows)
    return f"{latex_name(name)} = \\begin{{pmatrix}} {inner} \\end{{pmatrix}}"


def latex_name(name: str) -> str:
    """A name of Python in a formula: ``dx`` and ``W_2`` as the lecture writes them."""
    base, _, index = name.partition("_")
    escaped = index.replace("_", r"\_")
    letters = base if len(base) <= 2 else rf"\mathrm{{{base}}}"
    return f"{letters}_{{{escaped}}}" if index else letters


def number(value: float) -> str:
    """A number as people write it: ``3`` and ``0.25``."""
    return f"{value:.10g}"
