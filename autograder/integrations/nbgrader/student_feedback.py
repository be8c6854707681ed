"""The pages that `nbgrader generate_feedback` writes, made to work without a network."""

from __future__ import annotations

import re
from typing import Any

from latex2mathml.converter import convert
from nbconvert.exporters import HTMLExporter

from autograder.integrations.nbgrader.carrier import MARK

# What nbconvert puts into every page: MathJax, from somebody else's server.
_REMOTE_SCRIPT = re.compile(r"<script\b[^>]*\bsrc=\"https?://[^\"]*\"[^>]*>\s*</script>\s*")
# Hints are long lines of text, which the page would cut.
_WRAPPED = "<style>.jp-OutputArea pre{white-space:pre-wrap;overflow-wrap:anywhere}</style>"
_CODE_OR_MATH = re.compile(
    r"```.*?```|`[^`\n]*`|\$\$(?P<display>.+?)\$\$|\$(?P<inline>[^$]+?)\$", re.DOTALL
)


class FeedbackExporter(HTMLExporter):
    """nbgrader's feedback page, with the formulas of our statements in MathML, which browsers
    show by themselves, in place of scripts from the network.

    Notebooks of other authors keep MathJax: what is in them we do not know.
    """

    def from_notebook_node(
        self, nb: Any, resources: Any = None, **options: Any
    ) -> tuple[str, dict[str, Any]]:
        if "autograder" not in nb.metadata:
            result: tuple[str, dict[str, Any]] = super().from_notebook_node(
                nb, resources, **options
            )
            return result
        for cell in nb.cells:
            if cell.cell_type == "markdown":
                cell.source = with_mathml(cell.source)
            elif MARK in cell.source and cell.metadata.get("nbgrader", {}).get("grade"):
                # What the cell is about; that it is not graded yet is no longer true.
                cell.source = cell.source.split("\n")[0]
        html, resources = super().from_notebook_node(nb, resources, **options)
        return _REMOTE_SCRIPT.sub("", html).replace("</head>", f"{_WRAPPED}</head>", 1), resources


def with_mathml(markdown: str) -> str:
    """Markdown with its formulas, between dollar signs, as MathML; code is left alone, and so
    is a formula that cannot be converted."""
    return _CODE_OR_MATH.sub(_mathml, markdown)


def _mathml(match: re.Match[str]) -> str:
    display = match["display"] is not None
    formula = match["display"] if display else match["inline"]
    if formula is None:
        return match[0]
    try:
        mathml: str = convert(formula.strip(), display="block" if display else "inline")
    except Exception:  # the library has an exception for every flaw of a formula
        return match[0]
    # A bar would end the cell of a table, and a line break the HTML.
    return mathml.replace("|", "&#124;").replace("\n", " ")
