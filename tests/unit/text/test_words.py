from __future__ import annotations

import pytest

from autograder.text.words import begin_list, nearest, shorten


@pytest.mark.parametrize(
    ("words", "shortened"),
    [
        ("", ""),
        ("abcde", "abcde"),
        ("abcdef", "abcd…"),
        ("a\n\t b", "a b"),
        ("  a  ", "a"),
        ("가나다라마바", "가나다라…"),
    ],
)
def test_a_line_is_cut_to_its_limit(words: str, shortened: str) -> None:
    assert shorten(words, 5) == shortened


@pytest.mark.parametrize(
    ("count", "begun"), [(0, ""), (1, "a"), (2, "a, b"), (3, "a, b, …"), (9, "a, b, …")]
)
def test_a_list_says_that_it_goes_on(count: int, begun: str) -> None:
    assert begin_list(list("abcdefghi")[:count], 2) == begun


@pytest.mark.parametrize(
    ("word", "known"),
    [("gradee", "grade"), ("chek", "check"), ("grade", "grade"), ("zzz", None), ("", None)],
)
def test_the_nearest_word_is_like_it(word: str, known: str | None) -> None:
    assert nearest(word, ["check", "grade", "lint"]) == known
