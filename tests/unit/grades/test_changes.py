"""Two states of a class's grades compared."""

from __future__ import annotations

from msgspec.structs import replace

from autograder.cli.changes import change_lines, summary_line
from autograder.exports.changes import rows
from autograder.grades.changes import compare
from tests.support.grades import PUBLIC, RAISED, WRONG, grade, perfect


def test_points_and_statuses_count_and_words_do_not() -> None:
    old = [grade("ada"), grade("bob"), grade("eve")]
    worded = replace(grade("ada"), language="ko", fingerprint="other")
    (exercise,) = grade().exercises
    passed = replace(WRONG, status="passed", score=5.0)
    better = replace(
        grade("bob"), score=7.5, exercises=(replace(exercise, tests=(PUBLIC, RAISED, passed)),)
    )
    found = compare(old, [worded, better, perfect("new")])
    assert found.both == 2
    assert [one.student for one in found.changed] == ["bob"]
    assert [one.student for one in found.added] == ["new"]
    assert [one.student for one in found.gone] == ["eve"]
    assert {(one.test, one.after is None) for one in found.changed[0].tests} == {
        ("rectangles", False),
        ("squares", True),
    }
    lines = list(change_lines(found))
    assert lines == [
        "bob, linear-layer: 2.5 → 7.5 (rectangles: failed → passed; squares: gone)",
        "new, linear-layer: new, 2",
        "eve, linear-layer: gone, 2.5",
    ]
    assert summary_line(found) == "1 of 2 grades changed: 1 up, 0 down, 0 with the same points"
    table = list(rows(found))
    assert table[1] == ["bob", "linear-layer", "", "", "2.5", "7.5", "", ""]
    assert table[2][2:] == ["dx", "rectangles", "0", "5", "failed", "passed"]
    assert table[3][2:] == ["dx", "squares", "0", "", "crashed", ""]


def test_the_same_grades_are_no_change() -> None:
    found = compare([grade()], [grade()])
    assert (found.changed, found.added, found.gone) == ((), (), ())
    assert summary_line(found) == "0 of 1 grades changed"


def test_fewer_points_of_fewer_is_not_down() -> None:
    (exercise,) = perfect().exercises
    fewer = replace(exercise, tests=(replace(PUBLIC, score=1.0, max_score=1.0),))
    less = replace(perfect(), score=1, max_score=1, exercises=(fewer,))
    assert "0 up, 0 down, 1 with" in summary_line(compare([perfect()], [less]))
