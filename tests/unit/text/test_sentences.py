"""Sentences that can be said again in another language."""

from __future__ import annotations

import msgspec
import pytest

from autograder.text.catalogue import text
from autograder.text.sentences import Sentence, Words, authored, joined, worded, words


def again(found: Words, language: str) -> str:
    """As it is said after it was stored."""
    stored = msgspec.json.decode(msgspec.json.encode(found.said), type=Sentence)
    return worded(stored, language)


def test_a_message_with_messages_inside() -> None:
    def said(language: str) -> Words:
        shapes = words("for_shapes", language, shapes="W (2, 3)")
        at = words("at_element", language, output="dx", index="[0]", actual="1", expected="2")
        return words(
            "wrong_values", language, output="dx", wrong=1, total=3, n=3, shapes=shapes, at=at
        )

    english, korean = said("en"), said("ko")
    assert english == text(
        "wrong_values",
        "en",
        output="dx",
        wrong=1,
        total=3,
        n=3,
        shapes=" for W (2, 3)",
        at="; dx[0] is 1, not 2",
    )
    assert again(english, "ko") == korean
    assert again(korean, "en") == english


def test_parts_and_what_authors_wrote() -> None:
    hint = authored({"en": "Look.", "ko": "보세요."}, "en")
    both = joined((hint, words("passed", "en"), "x"), " ")
    assert both == "Look. All right. x"
    assert again(both, "ko") == "보세요. 맞았습니다. x"
    # One language is better than none.
    assert again(authored({"en": "Look."}, "ko"), "ko") == "Look."
    assert authored({}, "ko") == ""
    assert joined(()) == ""


def test_values_that_the_message_has_no_place_for_are_not_kept() -> None:
    found = words("passed", "en", secret="dx[0]")
    assert found.said == Sentence(key="passed")


def test_a_message_that_is_gone_is_an_error() -> None:
    with pytest.raises(KeyError):
        worded(Sentence(key="no_such_message_any_more"), "en")
