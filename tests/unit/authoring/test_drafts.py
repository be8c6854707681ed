"""Drafts of hints for what mutants change."""

from __future__ import annotations

import pytest

from autograder.authoring.drafts import hint_draft
from autograder.authoring.mutants import mutants
from autograder.course.loading import load_course
from autograder.text.catalogue import languages
from autograder.truth.reference import solution_source
from tests.support.small_course import ROOT


@pytest.mark.course
def test_every_change_to_a_solution_of_this_course_has_a_draft() -> None:
    without, count = set(), 0
    for assignment in load_course(ROOT).assignments.values():
        for exercise in assignment.exercises:
            source = solution_source(exercise)
            for mutant in mutants(exercise, source) if source else ():
                if not mutant.is_behaviour:
                    count += 1
                    drafts = {hint_draft(mutant.what, ["dx"], one) for one in languages()}
                    if None in drafts or len(drafts) < len(languages()):
                        without.add(mutant.what)
    assert count > 500
    assert not without


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("'W' not transposed", "the wrong way round"),
        ("-= became =", "only the last is left"),
        ("+ became -", "a sign is wrong"),
        ("axis=0 became None", "another axis"),
        ("exp became expm1", "`expm1` is not"),
        ("0.5 became (-0.5)", "a number in a formula"),
        ("the results 'dx' and 'W @ x' exchanged", "in another order"),
    ],
)
def test_a_draft_is_about_what_was_changed(what: str, says: str) -> None:
    draft = hint_draft(what, ["dx", "dW"], "en")
    assert draft is not None
    assert says in " ".join(draft.split())
    assert "`dx`, `dW`" in draft


def test_what_nothing_can_be_said_of_has_none() -> None:
    assert hint_draft("remembers results by 'W' alone", ["dx"], "en") is None
