"""Pages, tables and bars in HTML that needs nothing else: no script, no font, no network.

Bars are SVG, and columns are boxes, so that text keeps its size on every screen; the colours are
those of the style sheet, which knows dark screens and paper. Beside each picture stand the numbers
that it is made of.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from html import escape
from pathlib import Path

from autograder.exports.context import shown
from autograder.report.statistics import Estimate
from autograder.text.language import Language


def esc(foreign: object) -> str:
    """Text from outside, fit for an element or an attribute in quotes."""
    return escape(shown(str(foreign)))


@cache
def _style() -> str:
    return Path(__file__).with_name("style.css").read_text("utf-8")


def page(
    title: str,
    body: str,
    language: Language,
    *,
    navigation: str = "",
    skip: str = "",
    end: str = "",
) -> bytes:
    """A whole page. ``navigation`` is the content of the header, ``skip`` the words of the link
    past it, ``end`` what stands behind everything."""
    header = ""
    if navigation:
        header = f'<a class="skip" href="#content">{esc(skip)}</a>\n<header>{navigation}</header>\n'
    return (
        f'<!doctype html>\n<html lang="{esc(language)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{esc(title)}</title>\n<style>\n{_style()}</style>\n</head>\n<body>\n{header}"
        f'<main id="content">\n{body}\n</main>\n{end}</body>\n</html>\n'
    ).encode()


def navigation(links: Iterable[tuple[str, str]], current: str, label: str) -> str:
    """Links by address and words; ``current`` is the address of the page itself."""
    items = "".join(
        f'<li><a href="{esc(address)}"'
        + (' aria-current="page"' if address == current else "")
        + f">{esc(words)}</a></li>"
        for address, words in links
    )
    return f'<nav aria-label="{esc(label)}"><ul>{items}</ul></nav>'


class Cell(str):
    """HTML of a table's cell."""

    is_number = False
    is_wide = False


class Number(Cell):
    """A cell that is aligned at the right."""

    is_number = True


class Wide(Cell):
    """A cell with sentences, which wants room."""

    is_wide = True


def table(
    caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], *, identifier: str = ""
) -> str:
    """A table that scrolls where it is too wide. ``head`` is plain text; the cells of ``rows`` are
    HTML, the first of each the heading of its row."""
    rows = list(rows)
    numbers = {
        place
        for row in rows[:1]
        for place, cell in enumerate(row)
        if isinstance(cell, Cell) and cell.is_number
    }
    titles = "".join(
        f'<th scope="col"{_class("number") if place in numbers else ""}>{esc(one)}</th>'
        for place, one in enumerate(head)
    )
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>{"".join(map(_cell, row[1:]))}</tr>\n' for row in rows
    )
    own = f' id="{esc(identifier)}"' if identifier else ""
    own += _class("items") if len(head) > 5 else ""
    return (
        f'<div class="scroll" tabindex="0" role="group" aria-label="{esc(caption)}"><table{own}>'
        f"<thead><tr>{titles}</tr></thead>\n<tbody>\n{body}</tbody></table></div>"
    )


def _cell(cell: str) -> str:
    if isinstance(cell, Cell) and (cell.is_number or cell.is_wide):
        return f"<td{_class('number' if cell.is_number else 'wide')}>{cell}</td>"
    return f"<td>{cell}</td>"


def _class(name: str) -> str:
    return f' class="{name}"'


def tiles(pairs: Iterable[tuple[str, str]]) -> str:
    """Names in plain text, and numbers in HTML."""
    return (
        '<dl class="tiles">'
        + "".join(f"<div><dt>{esc(name)}</dt><dd>{value}</dd></div>" for name, value in pairs)
        + "</dl>"
    )


def columns(counts: Sequence[int], borders: Sequence[str], label: str, caption: str) -> str:
    """A column for each count, with the count above it and its lower border below. ``label`` says
    all of it in words, for those who do not see it."""
    most = max([*counts, 1])
    bars = "".join(
        f'<div>{count or ""}<i style="height:{80 * count / most:.4g}%"></i></div>'
        for count in counts
    )
    below = "".join(f"<span>{esc(one)}</span>" for one in borders)
    return (
        f'<figure><div role="img" aria-label="{esc(label)}"><div class="columns">{bars}</div>'
        f'<div class="below">{below}</div></div><figcaption class="small">{esc(caption)}'
        "</figcaption></figure>"
    )


def meter(estimate: Estimate) -> str:
    """A bar for a share, with its interval as a line across; the number stands beside it, so that
    it is hidden from those who hear the page."""
    line = ""
    if estimate.low is not None and estimate.high is not None:
        low, high = 100 * estimate.low, 100 * estimate.high
        line = f'<path class="whisker" d="M{low:.4g} 10H{high:.4g}M{low:.4g} 6v8M{high:.4g} 6v8"/>'
    return (
        '<svg class="meter" viewBox="0 0 100 20" preserveAspectRatio="none" aria-hidden="true" '
        f'focusable="false"><rect class="track" width="100" height="20"/>'
        f'<rect class="fill" width="{100 * estimate.value:.4g}" height="20"/>{line}</svg>'
    )


def code(source: str, marked: Iterable[int], label: str) -> str:
    """Source text with numbers of lines; those in ``marked`` are highlighted, and have an arrow."""
    wanted = set(marked)
    lines = "".join(
        f"<span{_class('at') if number in wanted else ''}><b>{'→' if number in wanted else ''}"
        f"{number}</b>{esc(line)}</span>"
        for number, line in enumerate(source.expandtabs(4).splitlines(), start=1)
    )
    return f'<pre tabindex="0" role="group" aria-label="{esc(label)}"><code>{lines}</code></pre>'


def plain_code(source: str) -> str:
    """A few lines of source text."""
    return f'<pre class="plain" tabindex="0">{esc(source)}</pre>'


def details(summary: str, body: str) -> str:
    """Something that is folded away under the plain text ``summary``."""
    return f"<details><summary>{esc(summary)}</summary>{body}</details>"
