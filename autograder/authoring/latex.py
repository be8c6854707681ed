"""Whether the LaTeX in a Markdown text can be read: the subset that KaTeX and MathJax share."""

from __future__ import annotations

import re
from collections.abc import Iterator

from autograder.text.words import nearest, shorten

_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_MATH = re.compile(r"\$\$(.+?)\$\$|\$([^$]+?)\$", re.DOTALL)
_TOKEN = re.compile(r"\\([A-Za-z]+)\*?|\\(.)|([{}])", re.DOTALL)
_ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{([^}]*)\}")

_COMMANDS = frozenset(
    re.findall(
        r"\w+",
        """
        alpha beta gamma delta epsilon varepsilon zeta eta theta lambda mu nu xi pi rho sigma
        tau phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega partial
        nabla infty ell hbar Re Im forall exists in notin ni subset subseteq cup cap emptyset
        times cdot cdots ldots dots vdots ddots div pm mp le leq ge geq ne neq ll gg approx
        equiv sim simeq propto to rightarrow leftarrow Rightarrow Leftarrow Leftrightarrow
        leftrightarrow longrightarrow mapsto implies iff odot otimes oplus circ bullet star ast
        sum prod int lim max min sup inf arg log ln exp sin cos tan tanh det dim ker deg frac
        dfrac tfrac sqrt binom over underline overline hat bar tilde vec dot ddot widehat
        widetilde underbrace overbrace underset overset stackrel substack left right big Big
        bigg Bigg bigl bigr Bigl Bigr biggl biggr middle lvert rvert lVert rVert vert Vert
        langle rangle lfloor rfloor lceil rceil mid parallel perp mathbb mathbf mathcal mathrm
        mathsf mathit mathtt boldsymbol bm text textbf textit textrm operatorname quad qquad
        begin end hline label tag nonumber limits nolimits displaystyle textstyle top prime
        dagger colon not space phantom mathop
        """,
    )
)


def problems(markdown: str) -> Iterator[str]:
    """What is wrong with the formulas of ``markdown``, formula by formula."""
    text = _CODE.sub("", markdown).replace("\\$", "")
    formulas = list(_MATH.finditer(text))
    rest = _MATH.sub("", text)
    beside_blank = [one[2] for one in formulas if one[2] and one[2] != one[2].strip()]
    if "$" in rest and beside_blank:  # all after the one without a partner are shifted
        yield (
            "a '$' has no partner; close the formula, or write \\$ where dollars are meant, as in "
            f"\\$5: near '{shorten(beside_blank[0].strip(), 30)}'"
        )
    elif "$" in rest:
        after = rest[rest.index("$") :][:30].split("\n")[0]
        yield f"a '$' has no partner, near '{after}'; write \\$ where dollars are meant"
    for formula in formulas:
        content = formula[1] or formula[2]
        if formula[2] and formula[2] != formula[2].strip():
            if "$" not in rest:
                # Pandoc and others read no formula there: https://pandoc.org/MANUAL.html#math
                yield (
                    "a '$' stands beside a blank, so that not every reader sees a formula; write "
                    "\\$ where dollars are meant, as in \\$5: near "
                    f"'{shorten(content.strip(), 30)}'"
                )
            continue
        for problem in _formula_problems(content):
            yield f"{problem} in the formula '{shorten(content, 60)}'"


def _formula_problems(formula: str) -> Iterator[str]:
    depth = 0
    pairs = 0
    for token in _TOKEN.finditer(formula):
        command, _, brace = token.groups()
        if brace:
            depth += 1 if brace == "{" else -1
            if depth < 0:
                yield "a '}' closes nothing"
                return
        elif command:
            pairs += (command == "left") - (command == "right")
            if command not in _COMMANDS:
                near = nearest(command, _COMMANDS)
                mend = f"; did you mean \\{near}?" if near else ""
                yield f"unknown command \\{command}{mend}"
    if depth:
        yield "a '{' is not closed"
    if pairs:
        yield "\\left and \\right do not match"
    open_environments: list[str] = []
    for word, name in _ENVIRONMENT.findall(formula):
        if word == "begin":
            open_environments.append(name)
        elif not open_environments or open_environments.pop() != name:
            yield f"\\end{{{name}}} closes nothing"
            return
    if open_environments:
        yield f"\\begin{{{open_environments[-1]}}} is not ended"
