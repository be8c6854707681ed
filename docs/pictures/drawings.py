"""The drawings of docs/how-it-works.md: the rooms, and the way of a submission through them.

.venv/bin/python docs/pictures/drawings.py

The rooms and their order come from the import contract in pyproject.toml, so that the drawing
shows what ``make lint`` enforces; a test holds the files against :func:`drawings`.
"""

from __future__ import annotations

import tomllib
from html import escape
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

# One drawing for light and dark: the reader's browser chooses. Each has its own background, so
# that it can be read on any page.
STYLE = """
  svg { --paper: #ffffff; --ink: #1f2328; --faint: #59636e; --line: #8c959f;
        --box: #f6f8fa; --trusted: #ddf4ff; --hostile: #ffebe9; }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #0d1117; --ink: #e6edf3; --faint: #9198a1; --line: #6e7681;
          --box: #161b22; --trusted: #0c2d4d; --hostile: #4c1a1c; }
  }
  text { fill: var(--ink); font: 15px system-ui, sans-serif; }
  .small { fill: var(--faint); font-size: 13px; }
  .name { font: 600 15px ui-monospace, monospace; }
  .paper { fill: var(--paper); }
  .box { fill: var(--box); stroke: var(--line); }
  .trusted { fill: var(--trusted); stroke: var(--line); }
  .hostile { fill: var(--hostile); stroke: var(--line); stroke-dasharray: 5 3; }
  .arrow { fill: none; stroke: var(--line); stroke-width: 1.6; marker-end: url(#head); }
  .head { fill: var(--line); }
"""

# The bands of the first drawing, by the last room of each.
BANDS = (
    ("integrations", "in front", "read a call, print an answer"),
    ("student", "for people", "authors, instructors and students"),
    ("exports", "a class", "many submissions; other systems' files"),
    ("truth", "one submission", "run, judge, explain; what is right"),
    ("course", "data", "what a grade, a submission and a course are"),
    ("errors", "underneath", "where student code runs; words"),
)


def drawings() -> dict[str, str]:
    """Each drawing as SVG, by the name of its file."""
    return {"rooms.svg": rooms(), "way.svg": way()}


def layers() -> list[str]:
    """The rooms from the top, as the import contract has them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contract = next(
        one for one in project["tool"]["importlinter"]["contracts"] if one["type"] == "layers"
    )
    return [name.strip("()") for name in contract["layers"]]


def rooms() -> str:
    names, parts, top = layers(), [], 20
    for last, title, role in BANDS:
        end = names.index(last) + 1
        band, names = names[:end], names[end:]
        parts.append(_text(20, top + 20, title))
        parts.append(_text(20, top + 39, role, "small"))
        left = 340
        for name in band:
            width = 24 + 9 * len(name)
            parts.append(_box(left, top, width, 44, "box"))
            parts.append(_text(left + width / 2, top + 27, name, "name", middle=True))
            left += width + 10
        top += 64
    assert not names, f"rooms in no band: {names}"
    parts.append(_arrow(870, 30, 870, top - 24))
    parts.append(_text(858, top - 6, "imports run downwards only", "small", end=True))
    return _svg(900, top + 6, "The rooms of the package, from the top", parts)


def way() -> str:
    """The submission on the left, the course on the right, the grade at the bottom."""
    parts = [
        _box(20, 20, 250, 56, "hostile"),
        _text(145, 43, "a submission", middle=True),
        _text(145, 63, "folder, zip or notebook", "small", middle=True),
        _box(630, 20, 250, 56, "trusted"),
        _text(755, 43, "the course", middle=True),
        _text(755, 63, "YAML, solution, hidden tests", "small", middle=True),
        *_room(20, 126, 250, "submissions", "reads it, in a bounded process"),
        *_room(630, 126, 250, "course", "reads and checks the YAML"),
        *_room(325, 226, 250, "grading", "plans the calls"),
        *_room(630, 226, 250, "truth", "draws inputs, says what is right"),
        _box(20, 226, 250, 92, "hostile"),
        _text(145, 250, "sandbox", "name", middle=True),
        _text(145, 272, "a process with the student's code:", "small", middle=True),
        _text(145, 290, "no files, no network,", "small", middle=True),
        _text(145, 308, "no truth", "small", middle=True),
        *_room(325, 358, 250, "grading", "compares and judges"),
        *_room(630, 358, 250, "diagnosis", "finds what was computed instead"),
        *_room(325, 458, 250, "grades", "score, findings, late policy"),
        *_room(20, 558, 250, "student, report", "shows it to people"),
        *_room(325, 558, 250, "batch", "writes it, resumes, keeps"),
        *_room(630, 558, 250, "exports, integrations", "hand it to other systems"),
        _arrow(145, 76, 145, 124),
        _arrow(755, 76, 755, 124),
        _arrow(755, 182, 755, 224),
        _path("M 210 182 C 210 210, 330 196, 385 224"),
        _arrow(325, 244, 272, 244),
        _text(299, 236, "inputs", "small", middle=True),
        _path("M 270 300 C 330 300, 340 330, 385 356"),
        _text(334, 300, "arrays", "small"),
        _arrow(630, 254, 577, 254),
        _text(604, 246, "inputs", "small", middle=True),
        _path("M 690 282 C 660 330, 560 320, 510 356"),
        _text(612, 344, "right values, tolerances", "small"),
        _arrow(630, 386, 577, 386),
        _arrow(450, 414, 450, 456),
        _arrow(450, 514, 450, 556),
        _path("M 370 514 C 350 540, 230 530, 190 556"),
        _path("M 530 514 C 550 540, 670 530, 710 556"),
    ]
    return _svg(900, 634, "The way of a submission through the rooms", parts)


def _room(left: float, top: float, width: float, name: str, role: str) -> list[str]:
    middle = left + width / 2
    return [
        _box(left, top, width, 56, "box"),
        _text(middle, top + 23, name, "name", middle=True),
        _text(middle, top + 43, role, "small", middle=True),
    ]


def _box(left: float, top: float, width: float, height: float, kind: str) -> str:
    return (
        f'<rect class="{kind}" x="{left:g}" y="{top:g}" width="{width:g}" height="{height:g}" '
        'rx="8"/>'
    )


def _text(
    left: float, base: float, text: str, kind: str = "", *, middle: bool = False, end: bool = False
) -> str:
    anchor = ' text-anchor="middle"' if middle else ' text-anchor="end"' if end else ""
    return f'<text class="{kind}" x="{left:g}" y="{base:g}"{anchor}>{escape(text)}</text>'


def _arrow(left: float, top: float, right: float, bottom: float) -> str:
    return _path(f"M {left:g} {top:g} L {right:g} {bottom:g}")


def _path(path: str) -> str:
    return f'<path class="arrow" d="{path}"/>'


def _svg(width: int, height: int, title: str, parts: list[str]) -> str:
    head = (
        '<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" '
        'markerHeight="7" orient="auto"><path class="head" d="M 0 0 L 10 5 L 0 10 z"/></marker>'
        "</defs>"
    )
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{STYLE}</style>",
        head,
        f'<rect class="paper" width="{width}" height="{height}" rx="8"/>',
        *parts,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    for name, drawing in drawings().items():
        (HERE / name).write_text(drawing, "utf-8")
