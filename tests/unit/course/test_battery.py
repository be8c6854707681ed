"""The standard battery: what it makes of an exercise, and that its cases are what they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from autograder.course.battery import (
    GROUPS,
    Battery,
    Subject,
    battery_tests,
    steps_of,
)
from autograder.course.exercise import Array, Dims, Drawing, Part, RunTest, Step
from autograder.course.loading import load_course
from autograder.truth.cases import Case, draw_cases
from tests.support.exercises import linear_backward_exercise

ROOT = Path(__file__).parents[3]
EXERCISE = linear_backward_exercise()
SUBJECT = Subject(
    EXERCISE.signature.parameters,
    EXERCISE.arrays,
    EXERCISE.auxiliary,
    (Step(("dx", "dW"), "linear_backward", ("x", "W", "dy")),),
    False,
    ("en", "ko"),
)
BATTERY = Battery((Part(("dx", "dW"), 8.0),))


def by_group(battery: Battery = BATTERY, subject: Subject = SUBJECT) -> dict[str, RunTest]:
    return {test.name.removeprefix("battery-"): test for test in battery_tests(battery, subject)}


def cases(group: str, battery: Battery = BATTERY, seed: int = 1) -> tuple[Case, ...]:
    return draw_cases(EXERCISE, by_group(battery)[group], seed)


def test_points_are_shared_out_in_quarters_where_they_go_round() -> None:
    for points in (8.0, 10.0, 0.5, 1.0, 0.375, 1 / 3, 0.001):
        tests = by_group(replace(BATTERY, points=(Part(("dx", "dW"), points),))).values()
        shares = [part.points for test in tests for part in test.parts]
        assert sum(shares) == pytest.approx(points)
        assert max(shares) - min(shares) <= 0.25
    quarters = by_group(replace(BATTERY, points=(Part(("dx", "dW"), 13.0),))).values()
    assert all(part.points * 4 % 1 == 0 for test in quarters for part in test.parts)


def test_shapes_have_every_length_of_1_equal_and_different_ones_and_larger_ones() -> None:
    found = [case.dims for case in cases("shapes")]
    assert any(dims["m"] != dims["n"] for dims in found)
    assert any(dims["m"] == dims["n"] > 1 for dims in found)
    assert any(dims["m"] == 1 < dims["n"] for dims in found)
    assert any(dims["n"] == 1 < dims["m"] for dims in found)
    assert {"m": 1, "n": 1} in found
    # Longer than any block that somebody has in mind, one name at a time.
    for name, other in (("m", "n"), ("n", "m")):
        assert any(dims[name] > 190 and dims[other] < 8 for dims in found)


def test_layouts_are_what_they_are_called() -> None:
    fortran, strided, backwards = (case.inputs["W"] for case in cases("memory")[:3])
    assert fortran.flags.f_contiguous
    assert not fortran.flags.c_contiguous
    assert not strided.flags.forc
    assert strided.strides[-1] > strided.itemsize
    assert backwards.strides[-1] < 0


def test_arrays_lie_in_memory_unlike_each_other() -> None:
    arrays = {name: Array(name, ("m", "n"), "normal", None) for name in ("a", "b")}
    subject = replace(SUBJECT, parameters=("a", "b"), arrays=arrays)
    test = by_group(subject=subject)["memory"]
    assert isinstance(test.inputs, Drawing)
    alone = [variant.laid_out for variant in test.inputs.variants if variant.laid_out]
    assert alone == [("a",), ("b",)]
    (only_w,) = (case.inputs for case in cases("memory")[3:])
    assert not only_w["W"].flags.c_contiguous
    assert only_w["x"].flags.c_contiguous


def test_dtypes_are_given_to_all_arguments_and_to_each_alone() -> None:
    kinds = [tuple(str(v.dtype) for v in case.inputs.values()) for case in cases("dtypes")]
    for dtype in ("int64", "float32"):
        assert (dtype,) * 3 in kinds
        for alone in range(3):
            assert tuple(dtype if at == alone else "float64" for at in range(3)) in kinds
    for alone in range(3):
        assert tuple("float64" if at == alone else "int64" for at in range(3)) in kinds


def test_special_values() -> None:
    found = [case.inputs["x"] for case in cases("special-values", seed=5)]
    assert any(np.any(np.signbit(x) & (x == 0)) for x in found)
    assert any(np.count_nonzero(x) == 1 < x.size for x in found)
    assert any(x.size > 1 and np.ptp(x) == 0 and x[0] != 0 for x in found)
    assert any(not x.any() for x in found)
    assert any(not any(v.any() for v in case.inputs.values()) for case in cases("special-values"))


def test_two_arguments_of_one_shape_are_one_array() -> None:
    arrays = {
        "a": Array("a", ("n",), "away_from_zero(1)", None),
        "b": Array("b", ("n",), "normal", None),
        "c": Array("c", ("n",), "uniform", None),
        "d": Array("d", ("n",), "normal", "float64"),
    }
    subject = replace(SUBJECT, parameters=tuple(arrays), arrays=arrays)
    test = by_group(subject=subject)["special-values"]
    assert isinstance(test.inputs, Drawing)
    # 'c' and 'd' are not what the other is.
    assert [one.same for one in test.inputs.variants if one.same] == [("a", "b")]


def test_calls_repeat_and_then_renew_one_argument_after_the_other() -> None:
    first, second, third, *renewed = cases("calls")
    for again in (second, third):
        assert all(np.array_equal(again.inputs[k], v) for k, v in first.inputs.items())
    before = third
    for name, case in zip(("x", "W", "dy"), renewed, strict=False):
        differ = [k for k, v in case.inputs.items() if not np.array_equal(v, before.inputs[k])]
        assert differ == [name]
        # By no sum and no count are the two told apart.
        assert np.array_equal(np.sort(case.inputs[name], 0), np.sort(before.inputs[name], 0))
        before = case
    # Then the caller writes other numbers into the arrays that the case before was given.
    holding, written = renewed[-2:]
    assert holding.holds
    assert written.in_place
    assert not np.array_equal(written.inputs["W"], holding.inputs["W"])


def test_rows_change_places_only_where_each_number_is_drawn_by_itself() -> None:
    draws = {
        "x": ("np.cumsum(uniform)", False),
        "W": ("np.where(uniform < 0.6, 1, 0)", True),
        "dy": ("integers(0, n - 1)", True),
    }
    arrays = {name: replace(SUBJECT.arrays[name], draw=draw) for name, (draw, _) in draws.items()}
    subject = replace(SUBJECT, arrays=arrays, auxiliary={})
    drawing = by_group(subject=subject)["calls"].inputs
    assert isinstance(drawing, Drawing)
    rolled = {name for variant in drawing.variants for name in variant.rolled}
    assert rolled == {name for name, (_, is_rolled) in draws.items() if is_rolled}


def test_results_are_held_over_many_calls_and_arguments_have_lengths_of_1() -> None:
    assert cases("own-results")[0].between > 8
    assert any(case.dims["m"] == 1 for case in cases("unchanged-arguments"))


def test_numbers_that_others_follow_from_are_not_renewed_alone() -> None:
    arrays = {
        "size": Array("size", (), "integers(1, 3)", "int64"),
        "labels": Array("labels", ("n",), "integers(0, m - 1)", "int64"),
        "X": Array("X", ("m", "n"), "normal", None),
        "Y": Array("Y", ("m", "n - size + 1"), "normal", None),
        "Z": Array("Z", ("m", "n"), "X * uniform", None),
    }
    subject = replace(SUBJECT, parameters=tuple(arrays), arrays=arrays, auxiliary={})
    assert subject.independent == ["labels", "Y", "Z"]


def test_groups_and_lengths_can_be_chosen() -> None:
    battery = Battery(
        (Part(("dx",), 1.0),), ("scales", "dtypes"), Dims({"m": (7, 8), "n": (9,)}, ("m < n",))
    )
    assert set(by_group(battery)) == {
        *("shapes", "memory", "special-values", "calls", "unchanged-arguments", "own-results")
    }
    assert {case.dims["m"] for case in cases("memory", battery)} <= {7, 8}
    # A length that the rules exclude is left out, and no error.
    assert not any(case.dims["m"] == case.dims["n"] for case in cases("shapes", battery))


def test_the_battery_may_draw_otherwise_than_the_exercise() -> None:
    battery = replace(BATTERY, draw={"x": "7 * ones"})
    for case in cases("memory", battery):
        assert np.all(case.inputs["x"] == 7)


def test_arrays_with_an_expression_or_dtype_of_their_own_keep_it() -> None:
    arrays = {**EXERCISE.arrays, "x": Array("x", ("n",), "1.0 + uniform", "float64")}
    subject = replace(SUBJECT, arrays=arrays)
    assert subject.free == ["W", "dy"]
    for test in battery_tests(BATTERY, subject):
        assert isinstance(test.inputs, Drawing)
        for variant in test.inputs.variants:
            assert "x" not in variant.draw
            assert "x" not in variant.dtypes


def test_a_class_gets_a_second_object_and_second_calls() -> None:
    course = load_course(ROOT, only=("batched-linear",))
    (exercise,) = (
        one for one in course.assignments["batched-linear"].exercises if one.name == "linear_module"
    )
    found = {test.name: test for test in exercise.run_tests}
    beside = found["battery-two-objects"].steps
    assert [step.target for step in beside[:2]] == ["Linear", "Linear"]
    assert beside[1].arguments == ("other_W", "other_b")
    (case, _) = draw_cases(exercise, found["battery-two-objects"], course.seed)
    assert not np.array_equal(case.inputs["W"], case.inputs["other_W"])
    again = [step.target for step in found["battery-second-backward"].steps]
    assert again.count("layer.backward") == 2


def test_steps_are_those_that_produce_everything() -> None:
    tests = tuple(by_group().values())
    assert steps_of(tests, ("dx",)) == tests[0].steps
    assert steps_of(tests, ("nothing",)) == ()


@pytest.mark.parametrize("group", GROUPS[:8])
def test_cases_follow_from_the_seed(group: str) -> None:
    one, same, other = (cases(group, seed=seed) for seed in (1, 1, 2))
    arrays = [[v for case in found for v in case.inputs.values()] for found in (one, same, other)]
    assert all(np.array_equal(a, b) for a, b in zip(arrays[0], arrays[1], strict=True))
    assert not all(
        a.shape == b.shape and np.array_equal(a, b)
        for a, b in zip(arrays[0], arrays[2], strict=True)
    )
