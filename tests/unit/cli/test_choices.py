"""Options offer what there is."""

from typing import get_args

from autograder.cli import choices
from autograder.course.course import HiddenFeedback
from autograder.exports.formats import FORMATS
from autograder.submissions.layouts import AUTO, LAYOUTS


def test_options_offer_what_there_is() -> None:
    assert list(choices.FORMATS) == list(FORMATS)
    assert list(choices.LAYOUTS) == [*LAYOUTS, AUTO]
    assert get_args(HiddenFeedback) == choices.FEEDBACK
