"""Catalogues: complete, fillable, with plural forms and particles; and a language is a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from autograder.text import catalogue as module
from autograder.text.catalogue import Message, catalogue, languages, text
from autograder.truth.compare import Reason

PACKAGE = Path(module.__file__).parents[1]
KEYS = sorted(catalogue("en").messages)
PAIRS = re.compile(r"[이가을를은는와과]\([이가을를은는와과]\)")


def forms(message: Message) -> list[str]:
    return message if isinstance(message, list) else [message]


def names(message: Message) -> set[str]:
    return {
        name
        for form in forms(message)
        for _, name, _, _ in Formatter().parse(form)
        if name is not None
    }


@pytest.mark.parametrize("language", languages())
def test_every_catalogue_has_every_message(language: str) -> None:
    assert sorted(catalogue(language).messages) == KEYS
    assert catalogue(language).click.keys() == catalogue("en").click.keys()


@pytest.mark.parametrize("key", KEYS)
def test_translations_are_filled_with_the_same_values(key: str) -> None:
    """A translation may leave a value out, and needs none that is not given."""
    english = names(catalogue("en").messages[key])
    for language in languages():
        assert names(catalogue(language).messages[key]) - {"n"} <= english | {"n"}, language


@pytest.mark.parametrize("key", KEYS)
def test_nobody_is_asked_to_choose_a_particle(key: str) -> None:
    for form in forms(catalogue("ko").messages[key]):
        assert not PAIRS.search(form)


def test_every_message_is_used_and_every_key_exists() -> None:
    """Keys are written out in the code, or put together from a prefix."""
    written = [*PACKAGE.rglob("*.py"), *(PACKAGE.parent / "web" / "src").glob("*.ts")]
    sources = "\n".join(path.read_text("utf-8") for path in written)
    built = (
        "word_",
        "hidden_",
        "rule_",
        "command_",
        "grade_done",
        "grade_interrupted",
        "no_such_",
        "left_out_",
        "unused_",
        "readme_",
        "battery_",
        "unfinished_",
        "missing_",
        "to_come_",
        "weekday_",
        "month_",
        "due_",
        "submit_",
        "statement_",
        "dry_run_",
        "status_",
        "feedback_",
        "report_",
        "computed_change_",
        "computed_upstream_",
        "scaffold_",
        "draft_hint_",
        "web_theme_",
        "web_stopped_",
    )
    known = {reason.name for reason in Reason}
    unused = [
        key
        for key in KEYS
        if not re.search(rf"[\"'`.]{key}\b", sources)
        and key not in known
        and not key.startswith(built)
    ]
    assert unused == []
    called = set(re.findall(r"\b(?:text|say|said|words)\(\s*\"([a-z_]+)\"", sources))
    assert called - set(KEYS) == set()


@pytest.fixture
def third(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of catalogues with one more language, known while the test lasts."""
    for language in languages():
        (tmp_path / f"{language}.toml").write_bytes(
            (module.FOLDER / f"{language}.toml").read_bytes()
        )
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    yield tmp_path / "xx.toml"
    languages.cache_clear()
    catalogue.cache_clear()


def test_a_third_language_is_a_file(third: Path) -> None:
    languages.cache_clear()
    third.write_text(
        'plural = "n%10==1 ? 0 : n%10>=2 ? 1 : 2"\npassed = "<right>"\n'
        'wrong_count = ["{n} one", "{n} few", "{n} many"]\n'
    )
    assert languages() == ("en", "ko", "xx")
    assert text("passed", "xx") == "<right>"
    assert [text("wrong_count", "xx", n=n) for n in (21, 3, 10)] == ["21 one", "3 few", "10 many"]
    assert text("word_student", "xx") == "Student"  # what it lacks is said in English
    assert text("passed", "yy") == "All right."
    with pytest.raises(KeyError):
        text("no such message", "xx")


@pytest.mark.parametrize(
    ("value", "topic", "subject", "direction"),
    [
        ("dx.py", "는", "가", "로"),
        ("jacobian", "은", "이", "으로"),
        ("Linear", "는", "가", "로"),
        ("lr", "은", "이", "로"),
        ("함수", "는", "가", "로"),
        ("입력", "은", "이", "으로"),
        ("파일", "은", "이", "로"),
        ("x1", "은", "이", "로"),
        ("x2", "는", "가", "로"),
        ("3", "은", "이", "으로"),
        ("'W'", "는", "가", "로"),
        ("(2, 3)", "은", "이", "으로"),
        ("", "는", "가", "로"),
        ("()", "는", "가", "로"),
    ],
)
def test_the_particle_fits_how_the_word_is_read(
    value: str, topic: str, subject: str, direction: str
) -> None:
    formatter = module._Formatter()
    for spec, particle in (("은/는", topic), ("이/가", subject), ("으로/로", direction)):
        assert formatter.format(f"{{value:{spec}}}", value=value) == value + particle


def test_numbers_are_formatted_as_ever() -> None:
    assert module._Formatter().format("{x:.2f} {y!r}", x=1 / 3, y="a") == "0.33 'a'"
