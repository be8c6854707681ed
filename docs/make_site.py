"""Build the documentation as a site in build/documentation/site/, as ``make docs`` does.

The pages are those of docs/ and what they link to in the repository: other Markdown becomes a
page, a file a page with its content. Written here are the start page (README.md), the commands,
from click; the keys of the YAML, from its declaration; the Python API, by mkdocstrings; and the
list of decisions. A link that leads nowhere ends the build, in a page as in the finished site.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

import click

ROOT: Final = Path(__file__).parents[1]
BUILD: Final = ROOT / "build" / "documentation"
SITE: Final = BUILD / "site"

_LINK: Final = re.compile(r"(?P<before>\]\()(?P<target>[^)\s]+)(?P<after>\))")
_FENCE: Final = re.compile(r"^(```.*?^```$)", re.MULTILINE | re.DOTALL)
_FENCE_WORDS: Final = re.compile(r"^(```\w+) .*$", re.MULTILINE)
_CODE: Final = re.compile(r"(`+[^`]+?`+)")
_FORMULA: Final = re.compile(r"(?<![\\$\w])\$(?![\s$])([^$\n]*[^$\s\\])\$(?![\w$])")
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_LANGUAGES: Final = {".py": "python", ".yml": "yaml", ".yaml": "yaml", ".toml": "toml"}


class BrokenLink(Exception):
    """A page links to a file that is not there."""


def main() -> None:
    shutil.rmtree(BUILD, ignore_errors=True)
    shutil.rmtree(SITE, ignore_errors=True)
    try:
        pages = gather(ROOT, reference(ROOT))
    except BrokenLink as error:
        sys.exit(f"error: {error}")
    write(pages, BUILD / "pages")
    config = BUILD / "zensical.toml"
    shutil.copy(ROOT / "docs" / "zensical.toml", config)
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--config-file", str(config)]
    done = subprocess.run(
        command, cwd=BUILD, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
    )
    said = _COLOUR.sub("", done.stdout).partition("Traceback")[0]
    print(said.strip())
    if done.returncode or "Warning" in said:
        sys.exit("error: the site was not built without a warning; see above")
    broken = list(broken_links(SITE))
    if broken:
        sys.exit("\n".join(f"error: {page}: leads nowhere: {link}" for page, link in broken))
    print(f"{len(list(SITE.rglob('*.html')))} pages in {SITE.relative_to(ROOT)}/; read them with")
    print(f"  {Path(sys.executable).name} -m http.server --directory {SITE.relative_to(ROOT)}")


# Pages


@dataclass
class Pages:
    """What the site is built from: text and other files, by their paths in it; and of the files
    of the repository that were met, which path each has got."""

    root: Path
    texts: dict[str, str] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)

    def place(self, path: str) -> str:
        """The path in the site of a file of the repository, which will be there."""
        if path not in self.places:
            self.places[path] = _place(path)
            self.waiting.append(path)
        return self.places[path]


def gather(root: Path, written: Mapping[str, str]) -> Pages:
    """All pages of the site, those ``written`` by the program, by their paths, among them.

    Raises :class:`BrokenLink`.
    """
    pages = Pages(root)
    for path in ("README.md", *_documentation(root)):
        pages.place(path)
    for path, text in written.items():
        pages.texts[_place(path)] = _with_links(path, text, pages)
    while pages.waiting:
        _add(pages.waiting.pop(), pages)
    return pages


def _documentation(root: Path) -> Iterator[str]:
    for pattern in ("*.md", "*.css"):
        for path in sorted((root / "docs").rglob(pattern)):
            yield path.relative_to(root).as_posix()


def reference(root: Path) -> dict[str, str]:
    """The pages that follow from the program, by their paths."""
    return {
        "docs/reference/commands.md": commands_page(),
        "docs/reference/yaml.md": yaml_page(root),
        "docs/reference/python.md": python_page(),
    }


def write(pages: Pages, folder: Path) -> None:
    for place, text in pages.texts.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        # Of a fence's words, Zensical knows the language alone.
        plain = _FENCE_WORDS.sub(r"\1", _with_formulas(text))
        path.write_text(plain, "utf-8")
    for place, source in pages.files.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, path)


def _place(path: str) -> str:
    if path == "README.md":
        return "index.md"
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    parts = PurePosixPath(path).parts
    seen = "/".join(part.lstrip(".") for part in parts)  # Zensical passes over hidden files
    return f"repository/{seen}" if seen.endswith(".md") else f"repository/{seen}.md"


def _add(path: str, pages: Pages) -> None:
    source, place = pages.root / path, pages.places[path]
    if path.startswith("docs/") and source.suffix != ".md":
        pages.files[place] = source
        return
    text = source.read_text("utf-8")
    if source.suffix != ".md":
        language = _LANGUAGES.get(source.suffix, "text")
        pages.texts[place] = f"# {path}\n\n````{language}\n{text.rstrip()}\n````\n"
        return
    if path == "docs/decisions/README.md":
        text += decisions_list(source.parent)
    pages.texts[place] = _with_links(path, text, pages)


def _with_links(path: str, text: str, pages: Pages) -> str:
    """The page with its links to files of the repository as links between pages of the site."""
    here = PurePosixPath(pages.places.get(path) or _place(path)).parent

    def moved(link: re.Match[str]) -> str:
        target, mark, anchor = link["target"].partition("#")
        if not target or urlsplit(link["target"]).scheme:
            return link[0]
        found = os.path.normpath(PurePosixPath(path).parent / target)
        if not (pages.root / found).is_file():
            raise BrokenLink(f"{path}: leads nowhere: {link['target']}")
        return (
            f"{link['before']}{os.path.relpath(pages.place(found), here)}{mark}{anchor}"
            f"{link['after']}"
        )

    return _outside_code(text, lambda prose: _LINK.sub(moved, prose))


def _with_formulas(text: str) -> str:
    """The page with each formula between dollar signs as MathML, which needs no script."""
    from latex2mathml.converter import convert

    return _outside_code(
        text, lambda prose: _FORMULA.sub(lambda found: str(convert(found[1])), prose)
    )


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    parts = _FENCE.split(text)
    for index in range(0, len(parts), 2):
        pieces = _CODE.split(parts[index])
        # A link may have code for its text: it is put together again before it is changed.
        held = pieces[1::2]
        joined = "\0".join(pieces[0::2])
        parts[index] = _joined(change(joined).split("\0"), held)
    return "".join(parts)


def _joined(prose: list[str], code: list[str]) -> str:
    return "".join(
        one + (code[index] if index < len(code) else "") for index, one in enumerate(prose)
    )


def decisions_list(folder: Path) -> str:
    lines = []
    for path in sorted(folder.glob("[0-9]*.md")):
        title = path.read_text("utf-8").partition("\n")[0].removeprefix("#").strip()
        number = path.name[:4]
        title = re.sub(r"^\d+\. ", "", title)
        lines.append(f"- {number} [{title}]({path.name})\n")
    return "\n" + "".join(lines)


# Reference


def commands_page() -> str:
    from autograder.cli import cli

    lines = [
        "# Commands",
        "",
        "Every command ends with 0 when all is well, with 1 when the work under test fails, and "
        "with 2 when the call or the course is wrong. `--help` after a command prints what "
        "stands here.",
        "",
        *_command(cli, click.Context(cli, info_name="autograder")),
    ]
    return "\n".join(lines) + "\n"


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    """The command and those below it, each under a heading."""
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _command(below, click.Context(below, context, info_name=name))
        return
    usage = " ".join(command.collect_usage_pieces(context))
    yield from (f"## {context.command_path}", "", f"    {context.command_path} {usage}", "")
    yield from (*(command.help or "").replace("<", "&lt;").splitlines(), "")
    records = [one.get_help_record(context) for one in command.params]
    rows = [record for record in records if record is not None and record[1]]
    yield from ("| option | |", "| --- | --- |") if rows else ()
    for row in rows:
        option, meaning = (" ".join(part.split()).replace("|", "\\|") for part in row)
        yield f"| `{option}` | {meaning.replace('<', '&lt;')} |"
    yield ""


def yaml_page(root: Path) -> str:
    from autograder.course.declaration import FILES
    from autograder.course.schema import tables

    lines = [
        "# YAML",
        "",
        "All keys, as the program declares them. [Writing exercises](../exercises.md) and "
        "[writing tests](../tests.md) show how they are used; `autograder schema` prints the same "
        "for editors.",
        "",
    ]
    homes, shown = _headings(root), set()
    for name in FILES:
        for number, (title, table) in enumerate(tables(name)):
            if title not in shown:  # tests are the same in both files
                shown.add(title)
                level = "##" if number == 0 else "###"
                lines += [f"{level} {title}", "", _moved(table, homes), ""]
    return "\n".join(lines)


def _headings(root: Path) -> dict[str, str]:
    """The pages that have tables of keys, by the anchors of their headings."""
    found = {}
    for path in sorted((root / "docs").glob("*.md")):
        text = path.read_text("utf-8")
        if "<!-- keys: " in text:
            for heading in re.findall(r"^#+ (.+)$", _FENCE.sub("", text), re.MULTILINE):
                anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
                found[anchor] = path.name
    return found


def _moved(table: str, homes: Mapping[str, str]) -> str:
    """The table with the links of its cells, which are meant for the page that has it."""

    def moved(link: re.Match[str]) -> str:
        page, _, anchor = link["target"].partition("#")
        page = page or homes.get(anchor, "")
        if not page:
            raise BrokenLink(f"the declaration of the YAML: leads nowhere: {link['target']}")
        return f"](../{page}{'#' + anchor if anchor else ''})"

    return _LINK.sub(moved, table)


def python_page() -> str:
    import autograder

    lines = ["# Python", "", *(autograder.__doc__ or "").replace(":class:", "").splitlines(), ""]
    for name in autograder.__all__:
        place = getattr(autograder, name)
        lines += [f"::: {place.__module__}.{place.__qualname__}", ""]
    return "\n".join(lines)


# Links of the finished site


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.anchors.add(value)
            if value and (name == "src" or (name == "href" and tag != "base")):
                self.links.append(value)


def broken_links(site: Path) -> Iterator[tuple[str, str]]:
    """The links within the site that lead to no file or to no place in one, with their pages."""
    pages: dict[Path, _Page] = {}
    for path in sorted(site.rglob("*.html")):
        pages[path.resolve()] = page = _Page()
        page.feed(path.read_text("utf-8"))
    for path, page in pages.items():
        if path.name == "404.html":
            continue  # shown at any address, with links from the top
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            anchor = unquote(parts.fragment)
            known = pages.get(target)
            if not target.is_file() or (anchor and known and anchor not in known.anchors):
                yield path.relative_to(site.resolve()).as_posix(), link


if __name__ == "__main__":
    main()
