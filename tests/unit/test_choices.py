"""Options offer what there is."""

from autograder.cli import choices
from autograder.layouts import AUTO, LAYOUTS
from autograder.output.formats import FORMATS


def test_options_offer_what_there_is() -> None:
    assert list(choices.FORMATS) == list(FORMATS)
    assert list(choices.LAYOUTS) == [*LAYOUTS, AUTO]
