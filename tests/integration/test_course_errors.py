"""Every mistake in a course gets one line with file, line, column and a mend."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from autograder.course.loading import load_course
from autograder.course.loading.yaml_source import read_yaml
from autograder.course.schema import json_schema
from autograder.errors import CourseError
from tests.support.small_course import copy_course, hand_in, run

GOOD = Path(__file__).parent.parent / "courses" / "good"
CONFIG = "config.yaml"
PUBLIC = "assignments/linear-layer/dx.yaml"
HIDDEN = "tests/hidden/linear-layer/dx.yaml"
STUB = "assignments/linear-layer/dx.py"
SOLUTION = "solutions/linear-layer/dx.py"
# Pieces of these, to be replaced.
GRADIENTS = "forward: y = W @ x\ngradients:\n  dx: {of: y, wrt: x, upstream: dy}\n"
EXPECT = "    expect: {dx: [39, 54, 69]}\n"
AGAINST = "    against: [finite_differences]\n"
DIMS = "    dims: {m: 3, n: 4}\n"
DRAWN_PUBLIC = AGAINST + "    cases: 3\n    dims: {m: 1..4, n: [2, 3], m != n}\n"
# An example for a property.
GIVEN = "    given: {W: [[1, 2], [3, 4]], dy: [5, 6]}\n"


@pytest.fixture
def course(tmp_path: Path) -> Path:
    return copy_course(GOOD, tmp_path / "course")


def test_the_good_course_loads(course: Path) -> None:
    loaded = load_course(course)
    exercise = loaded.assignments["linear-layer"].exercises[0]
    assert [test.name for test in exercise.tests] == [
        "worked-example",
        "small-rectangles",
        "rectangles",
        "leaves-inputs-alone",
    ]
    assert exercise.max_score == 10
    assert loaded.limits.wall_seconds == 1
    assert loaded.title == {"en": "A small course", "ko": "A small course"}


# File, what to replace in it, by what, and the message with its place.
FLAWS = {
    "unknown key in a test": (
        PUBLIC, "    points: 2", "    point: 2",
        f"{PUBLIC}:16:5: unknown key 'point' in test 'worked-example'; did you mean 'points'?",
    ),
    "unknown key in an exercise": (
        PUBLIC, "forward:", "foward:",
        f"{PUBLIC}:11:1: unknown key 'foward' in the file; did you mean 'forward'?",
    ),
    "unknown key in the hidden file": (
        HIDDEN, "mistakes:", "mistake:",
        f"{HIDDEN}:11:1: unknown key 'mistake' in the file; did you mean 'mistakes'?",
    ),
    "unknown key in the configuration": (
        CONFIG, "seed: 7", "sead: 7",
        f"{CONFIG}:4:1: unknown key 'sead' in the file; did you mean 'seed'?",
    ),
    "points not a number": (
        PUBLIC, "    points: 2", "    points: two",
        f"{PUBLIC}:16:5: 'points' must be a number or a mapping from "
        "output to number, not the text 'two'",
    ),
    "negative points": (
        PUBLIC, "{dx: 2}", "{dx: -2}",
        f"{PUBLIC}:20:14: 'dx' must be from 0 to 1000000, not -2",
    ),
    "points for something else": (
        PUBLIC, "{dx: 2}", "{dW: 2}",
        f"{PUBLIC}:20:14: points for 'dW', which is not an output here; known here: dx",
    ),
    "wrong type": (
        PUBLIC, "cases: 3", "cases: many",
        f"{PUBLIC}:22:5: 'cases' must be a whole number, not the text 'many'",
    ),
    "unknown dimension": (
        PUBLIC, "{m: 1..4, n: [2, 3], m != n}", "{m: 1..4, n: [2, 3], k: 2}",
        f"{PUBLIC}:23:32: unknown dimension 'k' in test 'small-rectangles'; known here: m, n",
    ),
    "dimension not drawn": (
        PUBLIC, "{m: 1..4, n: [2, 3], m != n}", "{m: 1..4}",
        f"{PUBLIC}:19:5: test 'small-rectangles' does not say how to draw the dimension 'n'; add "
        "'dims: {n: 1..9}'",
    ),
    "bad range": (
        PUBLIC, "1..4", "4..1",
        f"{PUBLIC}:23:12: '4..1' is not a range of lengths; write it as 1..9 (from 1 to 4096)",
    ),
    "duplicate test in one file": (
        HIDDEN, "leaves-inputs-alone", "rectangles",
        f"{HIDDEN}:7:5: there are two tests named 'rectangles'; rename one of them",
    ),
    "duplicate test across files": (
        HIDDEN, "name: rectangles", "name: worked-example",
        f"{HIDDEN}:2:5: there are two tests named 'worked-example'; rename one of them",
    ),
    "no numbers for a mistake": (
        HIDDEN, "name: wrong-sign", "name: wrong-sign\n    values: {eps: small}",
        f"{HIDDEN}:13:14: 'small' are no numbers; write them as '1e-15..1e-5' or as "
        "'0.001, 0.01, 0.1'",
    ),
    "a number named like an argument": (
        HIDDEN, "name: wrong-sign", "name: wrong-sign\n    values: {dy: '1, 2'}",
        f"{HIDDEN}:13:14: 'dy' cannot stand for a number here; choose another name",
    ),
    "too many numbers": (
        HIDDEN, "name: wrong-sign", "name: wrong-sign\n    values: {eps: 1e-30..1e-1}",
        f"{HIDDEN}:13:5: more than 24 combinations of numbers; write fewer",
    ),
    "no range of numbers": (
        HIDDEN, "name: wrong-sign", "name: wrong-sign\n    values: {eps: -1..3}",
        f"{HIDDEN}:13:14: '-1..3' are no numbers; write them as '1e-15..1e-5' or as "
        "'0.001, 0.01, 0.1'",
    ),
    "duplicate mistake": (
        HIDDEN, "name: changes-inputs", "name: wrong-sign",
        f"{HIDDEN}:15:5: there are two mistakes named 'wrong-sign'; rename one of them",
    ),
    "duplicate key": (
        PUBLIC, "forward: y = W @ x", "forward: y = W @ x\nforward: y = W @ x",
        f"{PUBLIC}:12:1: the key 'forward' is there twice; remove one",
    ),
    "an alias": (
        PUBLIC, "W: [m, n]\n", "W: &a [m, n]\n  V: *a\n",
        f"{PUBLIC}:7:6: anchors and aliases (& and *) are not supported; write the value out",
    ),
    "bad signature": (
        PUBLIC, "linear_dx(W, dy) -> dx", "linear_dx W dy",
        f"{PUBLIC}:5:1: 'linear_dx W dy' is not a signature; write it as 'name(x, W, dy) -> dx, "
        "dW'",
    ),
    "parameter without array": (
        PUBLIC, "  dy: [m]\n", "",
        f"{PUBLIC}:6:1: the parameter 'dy' of linear_dx has no entry in 'arrays'; give its shape, "
        "such as 'dy: [n]'",
    ),
    "array without parameter": (
        PUBLIC, "  dy: [m]\n", "  dy: [m]\n  dz: [m]\n",
        f"{PUBLIC}:9:3: 'dz' is not a parameter of linear_dx; known here: W, dy",
    ),
    "gradient of nothing": (
        PUBLIC, "{of: y,", "{of: z,",
        f"{PUBLIC}:13:8: 'z' is not a name that 'forward' assigns; known here: y",
    ),
    "gradient by nothing": (
        PUBLIC, "wrt: x", "wrt: v",
        f"{PUBLIC}:13:15: 'v' is not an array; known here: W, dy, x",
    ),
    "ragged rows": (
        PUBLIC, "[4, 5, 6]]", "[4, 5]]",
        f"{PUBLIC}:17:13: the rows of 'W' differ in length; give them all the same",
    ),
    "shapes that contradict each other": (
        PUBLIC, "dy: [7, 8]", "dy: [7, 8, 9]",
        f"{PUBLIC}:17:40: the dimension m is 3 in 'dy' and 2 in 'W'; give them the same length",
    ),
    "too many axes": (
        PUBLIC, "dy: [7, 8]", "dy: [[7, 8]]",
        f"{PUBLIC}:17:40: 'dy' has shape (1, 2), which does not fit [m]; write a list in a list "
        "for every axis",
    ),
    "text among numbers": (
        PUBLIC, "[39, 54, 69]", "[39, x, 69]",
        f"{PUBLIC}:18:23: 'dx'[1] must be a number, not the text 'x'",
    ),
    "input not given": (
        PUBLIC, ", dy: [7, 8]}", "}",
        f"{PUBLIC}:17:5: the example does not give 'dy'; add it to 'given'",
    ),
    "unknown witness": (
        PUBLIC, "[finite_differences]", "[finite_difference]",
        f"{PUBLIC}:21:15: 'against'[0] must be one of finite_differences, reference, not "
        "'finite_difference'; did you mean 'finite_differences'?",
    ),
    "unknown property": (
        HIDDEN, "inputs_unchanged", "input_unchanged",
        f"{HIDDEN}:9:5: 'property' must be one of fresh_results, inputs_unchanged, "
        "linear_in_upstream, repeatable, not 'input_unchanged'; did you mean 'inputs_unchanged'?",
    ),
    "missing language": (
        PUBLIC, "  ko: $y = W x$의 $dL/dx$를 구하세요.\n", "",
        f"{PUBLIC}:2:1: 'statement' lacks the key 'ko'; add it",
    ),
    "unknown language": (
        CONFIG, "[en, ko]", "[en, kr]",
        f"{CONFIG}:3:17: 'languages'[1] must be one of en, ko, not 'kr'",
    ),
    "mistake without a hint": (
        HIDDEN, "    hint: {en: Look at the sign., ko: 부호를 확인하세요.}\n", "",
        f"{HIDDEN}:12:5: mistake 'wrong-sign' lacks the key 'hint'; add it",
    ),
    "mistake without code": (
        HIDDEN, "    outputs: {dx: -dx}\n", "",
        f"{HIDDEN}:12:5: mistake 'wrong-sign' needs either 'outputs' (expressions) or 'code' (a "
        "whole wrong file)",
    ),
    "due without an offset": (
        CONFIG, "    exercises: [dx]", "    exercises: [dx]\n    due: 2026-12-01T23:59:00",
        f"{CONFIG}:10:5: 'due' has no offset from UTC, so that it is another moment on every "
        "machine; write it as 2026-12-01T23:59:00+09:00",
    ),
    "due without a time": (
        CONFIG, "    exercises: [dx]", "    exercises: [dx]\n    due: 2026-12-01",
        f"{CONFIG}:10:5: 'due' must be a date and time such as 2026-12-01T23:59:00+09:00, not "
        "the text '2026-12-01'",
    ),
    "due that is no date": (
        CONFIG, "    exercises: [dx]", "    exercises: [dx]\n    due: 20261201",
        f"{CONFIG}:10:5: 'due' must be a date and time such as 2026-12-01T23:59:00+09:00, not "
        "the number 20261201",
    ),
    "extension without due": (
        CONFIG, "    exercises: [dx]",
        "    exercises: [dx]\n    extensions: {kim: 2026-12-03T23:59:00+09:00}",
        f"{CONFIG}:10:5: 'extensions' without 'due' extend nothing; add 'due' or remove them",
    ),
    "extension before due": (
        CONFIG, "    exercises: [dx]",
        "    exercises: [dx]\n    due: 2026-12-01T23:59:00+09:00\n"
        "    extensions: {kim: 2026-12-01T23:59:00+10:00}",
        f"{CONFIG}:11:18: the extension of 'kim' ends before the due date, "
        "2026-12-01T23:59:00+09:00",
    ),
    "unknown key in late": (
        CONFIG, "seed: 7", "late: {penalty: 10}",
        f"{CONFIG}:4:8: unknown key 'penalty' in 'late'; did you mean 'penalty_per_day'?",
    ),
    "penalty out of range": (
        CONFIG, "seed: 7", "late: {penalty_per_day: 101}",
        f"{CONFIG}:4:8: 'penalty_per_day' must be from 0 to 100, not 101",
    ),
    "unknown choice of attempt": (
        CONFIG, "seed: 7", "attempts: {keep: first}",
        f"{CONFIG}:4:12: 'keep' must be one of best, last, not 'first'",
    ),
    "no attempts": (
        CONFIG, "seed: 7", "attempts: {at_most: 0}",
        f"{CONFIG}:4:12: 'at_most' must be from 1 to 1000, not 0",
    ),
    "unknown feedback": (
        CONFIG, "seed: 7", "feedback: {hidden: hint}",
        f"{CONFIG}:4:12: 'hidden' must be one of all, hints, names, none, not 'hint'; did you "
        "mean 'hints'?",
    ),
    "feedback for nothing": (
        CONFIG, "seed: 7", "feedback: {}",
        f"{CONFIG}:4:1: 'feedback' lacks the key 'hidden'; add it",
    ),
    "seed not a number": (
        CONFIG, "seed: 7", "seed: seven",
        f"{CONFIG}:4:1: 'seed' must be a whole number, not the text 'seven'",
    ),
    "limit out of range": (
        CONFIG, "wall_seconds: 1", "wall_seconds: 0",
        f"{CONFIG}:5:10: 'wall_seconds' must be from 0.05 to 3600, not 0",
    ),
    "exercise that is not there": (
        CONFIG, "[dx]", "[dx, dW]",
        f"{CONFIG}:9:21: there is no assignments/linear-layer/dW.yaml for the exercise 'dW'; "
        "create it",
    ),
    "exercise listed twice": (
        CONFIG, "[dx]", "[dx, dx]",
        f"{CONFIG}:9:21: the exercise 'dx' is there twice; remove one",
    ),
    "a path for a name": (
        CONFIG, "[dx]", "[../dx]",
        f"{CONFIG}:9:17: '../dx' cannot be the name of an exercise; use letters, digits, '_' and "
        "'-'",
    ),
    "stub without the function": (
        STUB, "linear_dx", "dx",
        f"{STUB}:1:1: the stub has no function 'linear_dx'; define linear_dx(W, dy) as the "
        "signature in the YAML says",
    ),
    "stub with other parameters": (
        STUB, "(W, dy)", "(dy, W)",
        f"{STUB}:4:1: the stub's linear_dx(dy, W) does not have the parameters of its signature, "
        "(W, dy); change the one or the other",
    ),
    "two names for one limit": (
        CONFIG, "wall_seconds: 1", "wall_second: 1",
        f"{CONFIG}:5:10: unknown key 'wall_second' in 'limits'; did you mean 'wall_seconds'?",
    ),
    "no limit is that large": (
        CONFIG, "wall_seconds: 1", f"wall_seconds: 1{'0' * 400}",
        f"{CONFIG}:5:10: 'wall_seconds' must be finite and below 1e+300, not "
        "10000000000000000000000000000…",
    ),
    "language that the course does not have": (
        CONFIG, "seed_is_public: true", "language: fr",
        f"{CONFIG}:2:1: 'language' must be one of en, ko, not 'fr'",
    ),
    "assignment with a path for a name": (
        CONFIG, "  linear-layer:", "  ../linear-layer:",
        f"{CONFIG}:7:3: '../linear-layer' cannot be the name of an assignment; use letters, "
        "digits, '_' and '-'",
    ),
    "assignment without exercises": (
        CONFIG, "[dx]", "[]",
        f"{CONFIG}:9:5: 'exercises' is empty; list at least one",
    ),
    "exercise named by a word of Python": (
        CONFIG, "[dx]", "[lambda]",
        f"{CONFIG}:9:17: 'lambda' cannot be the name of an exercise, which is a Python module; use"
        " letters, digits and '_', such as 'linear_dx'",
    ),
    "title without text": (
        CONFIG, "title: A small course", "title: ''",
        f"{CONFIG}:1:1: 'title' has no text; write one",
    ),
    "length that is no sum": (
        PUBLIC, "  x: [n]", "  x: [n ** 2]",
        f"{PUBLIC}:10:7: 'n ** 2' is not a dimension: use a name such as n, a length, '...', or "
        "what a length follows from, such as n - k + 1",
    ),
    "length that calls something": (
        PUBLIC, "  x: [n]", "  x: [max(n, m)]",
        f"{PUBLIC}:10:7: 'max(n' is not a dimension: use a name such as n, a length, '...', or "
        "what a length follows from, such as n - k + 1",
    ),
    "length that follows from nothing": (
        PUBLIC, "  x: [n]", "  x: [n - k + 1]",
        f"{PUBLIC}:10:7: 'n - k + 1' follows from 'k', which is neither a dimension that an array "
        "has by itself nor an argument that is a whole number (shape [], dtype int64); known here: "
        "m, n",
    ),
    "length that follows from a misspelled name": (
        PUBLIC, "  dy: [m]", "  dy: {shape: [mm + 1], draw: normal}",
        f"{PUBLIC}:8:16: 'mm + 1' follows from 'mm', which is neither a dimension that an array "
        "has by itself nor an argument that is a whole number (shape [], dtype int64); did you "
        "mean 'm'?",
    ),
    "length that follows from a number with a fraction": (
        PUBLIC, "  x: [n]", "  p: []\n  x: [n + p]",
        f"{PUBLIC}:11:7: 'n + p' follows from 'p', which is neither a dimension that an array has "
        "by itself nor an argument that is a whole number (shape [], dtype int64); known here: "
        "m, n",
    ),
    "length that follows from what is drawn later": (
        PUBLIC, "  x: [n]", "  x: [n + p]\n  p: {shape: [], dtype: int64}",
        f"{PUBLIC}:10:7: 'n + p' follows from 'p', which is not drawn before 'x'; move 'p' above "
        "it",
    ),
    "given array of another length than follows": (
        PUBLIC, "  dy: [m]", "  dy: [n + m - 1]",
        f"{PUBLIC}:17:40: 'dy' has length 2 where 'arrays' says n + m - 1, which is 4 for n = 3, "
        "m = 2; change the one or the other",
    ),
    "expectation of another length than follows": (
        PUBLIC, "  x: [n]", "  x: [n + m]",
        f"{PUBLIC}:18:14: 'dx' has shape (3,), but it is a gradient by 'x', whose shape is (5,); "
        "change the one or the other",
    ),
    "length of less than one in an example": (
        PUBLIC, "  dy: [m]", "  dy: [m - n]",
        f"{PUBLIC}:17:40: 'm - n' is -1; give numbers for which it is at least 1",
    ),
    "length that divides by zero in an example": (
        PUBLIC, "  dy: [m]", "  dy: [m // (n - 3)]",
        f"{PUBLIC}:17:40: 'm // (n - 3)' divides by zero; give other numbers",
    ),
    "length of an array that is not given": (
        PUBLIC, "  x: [n]", "  p: {shape: [], dtype: int64}\n  x: [n + p]",
        f"{PUBLIC}:18:5: the example does not give 'x', and nothing before it fixes its dimension "
        "'p'; add 'x' to 'given'",
    ),
    "shape that is no list": (
        PUBLIC, "  x: [n]", "  x: n",
        f"{PUBLIC}:10:3: 'x' must be a list of dimensions such as [m, n], or a mapping with "
        "'shape', not the text 'n'",
    ),
    "array named by a word of Python": (
        PUBLIC, "  x: [n]", "  lambda: [n]",
        f"{PUBLIC}:10:3: the array cannot be called 'lambda': it must be a Python name; use "
        "another",
    ),
    "output that is there twice": (
        PUBLIC, "-> dx", "-> dx, dx",
        f"{PUBLIC}:5:1: the output 'dx' is there twice; use another name",
    ),
    "gradient without a forward pass": (
        PUBLIC, "forward: y = W @ x\n", "",
        f"{PUBLIC}:12:3: gradients need a 'forward' that computes what they are of; add it",
    ),
    "gradient for something else": (
        PUBLIC, "  dx: {of: y", "  dy: {of: y",
        f"{PUBLIC}:13:3: 'dy' is not an output of linear_dx; known here: dx",
    ),
    "gradient with an unknown upstream": (
        PUBLIC, "upstream: dy", "upstream: dz",
        f"{PUBLIC}:13:23: 'dz' is not an array; known here: W, dy, x",
    ),
    "forward that assigns nothing": (
        PUBLIC, "forward: y = W @ x", "forward: W @ x",
        f"{PUBLIC}:11:1: the forward pass assigns nothing; write it as 'y = W @ x'",
    ),
    "no tests in the list": (
        HIDDEN, (GOOD / HIDDEN).read_text("utf-8"), "tests: []\n",
        f"{HIDDEN}:1:1: 'tests' is empty; write a test, or remove the key",
    ),
    "points for nothing": (
        PUBLIC, "{dx: 2}", "{}",
        f"{PUBLIC}:20:5: 'points' is empty; give points to an output, "
        "such as '{dx: 1}'",
    ),
    "points that are not finite": (
        PUBLIC, "{dx: 2}", "{dx: .nan}",
        f"{PUBLIC}:20:14: 'dx' must be finite and below 1e+300, not nan",
    ),
    "expectation of nothing": (
        PUBLIC, "{dx: [39, 54, 69]}", "{}",
        f"{PUBLIC}:18:5: 'expect' is empty; give an output",
    ),
    "expectation of something else": (
        PUBLIC, "{dx: [39, 54, 69]}", "{dz: [39, 54, 69]}",
        f"{PUBLIC}:18:14: 'dz' is not an output here; known here: dx",
    ),
    "expectation of another shape than the drawn array": (
        PUBLIC, "[39, 54, 69]", "[39, 54]",
        f"{PUBLIC}:18:14: 'dx' has shape (2,), but it is a gradient by 'x', whose shape is (3,); "
        "change the one or the other",
    ),
    "unknown array is given": (
        PUBLIC, "dy: [7, 8]}", "dy: [7, 8], z: [1]}",
        f"{PUBLIC}:17:52: unknown key 'z' in 'given'; known here: W, dy, x",
    ),
    "array that nothing given fixes": (
        PUBLIC, "  x: [n]", "  x: [n]\n  z: [k]",
        f"{PUBLIC}:18:5: the example does not give 'z', and nothing before it fixes its dimension "
        "'k'; add 'z' to 'given'",
    ),
    "empty arrays": (
        PUBLIC, "[[1, 2, 3], [4, 5, 6]]", "[[], []]",
        f"{PUBLIC}:17:13: 'W' has no numbers; give at least one along every axis",
    ),
    "number beyond float64": (
        PUBLIC, "dy: [7, 8]", f"dy: [7, 8{'0' * 400}]",
        f"{PUBLIC}:17:48: 'dy'[1] is 80000000000000000000000000000…; write a number below 1.8e308",
    ),
    "number that is not finite": (
        PUBLIC, "dy: [7, 8]", "dy: [7, .inf]",
        f"{PUBLIC}:17:48: 'dy'[1] is inf; write a number below 1.8e308",
    ),
    "fraction in an example of int64": (
        PUBLIC, "dy: [7, 8]}\n", "dy: [7.5, 8]}\n    dtype: int64\n",
        f"{PUBLIC}:17:40: 'dy' is int64 here; write whole numbers below 2**63",
    ),
    "rule about an unknown dimension": (
        PUBLIC, "m != n", "m != k",
        f"{PUBLIC}:23:32: unknown name 'k' in 'm != k'; known here: m, n",
    ),
    "leading axes that no array has": (
        PUBLIC, "{m: 1..4,", '{"...": [[2]], m: 1..4,',
        f"{PUBLIC}:23:12: unknown dimension '...' in test 'small-rectangles'; known here: m, n",
    ),
    "draw of an unknown array": (
        HIDDEN, "n: 1..6}", "n: 1..6}\n    draw: {V: zeros}",
        f"{HIDDEN}:7:12: unknown key 'V' in 'draw'; known here: W, dy, x",
    ),
    "no dtypes": (
        HIDDEN, "n: 1..6}", "n: 1..6}\n    dtypes: []",
        f"{HIDDEN}:7:5: 'dtypes' is empty; use some of float32, float64, int64",
    ),
    "mistake with an unknown name": (
        HIDDEN, "{dx: -dx}", "{dx: V.T @ dy}",
        f"{HIDDEN}:13:15: unknown name 'V' in 'V.T @ dy'; known here: W, dy, dx",
    ),
    "mistake in nothing": (
        HIDDEN, "{dx: -dx}", "{}",
        f"{HIDDEN}:13:5: 'outputs' is empty; say which outputs are wrong, "
        "and how",
    ),
    "mistake in something else": (
        HIDDEN, "{dx: -dx}", "{dW: -dx}",
        f"{HIDDEN}:13:15: 'dW' is not an output of linear_dx; known here: dx",
    ),
    "mistake written twice over": (
        HIDDEN, "    outputs: {dx: -dx}", "    outputs: {dx: -dx}\n    code: pass",
        f"{HIDDEN}:12:5: mistake 'wrong-sign' needs either 'outputs' (expressions) or 'code' (a "
        "whole wrong file)",
    ),
    "mistake whose code lacks the function": (
        HIDDEN, "def linear_dx", "def dx",
        f"{HIDDEN}:16:5: 'code' has no 'linear_dx'; write the whole file, as a student would hand "
        "it in",
    ),
    "mistake without a name": (
        HIDDEN, "name: wrong-sign", "name: ''",
        f"{HIDDEN}:12:5: 'name' must be a text of 1 to 80 characters in one line, "
        "not the text ''",
    ),
    "test with a name of two lines": (
        HIDDEN, "name: rectangles", 'name: "a\\nb"',
        f"{HIDDEN}:2:5: 'name' must be a text of 1 to 80 characters in one line, "
        "not the text 'a b'",
    ),
    "key of the public file in the hidden one": (
        HIDDEN, "mistakes:", "forward: y = W @ x\nmistakes:",
        f"{HIDDEN}:11:1: unknown key 'forward' in the file; known here: battery, tests, mistakes, "
        "right, follows",
    ),
    "stub with one parameter more": (
        STUB, "(W, dy)", "(W, dy, *rest)",
        f"{STUB}:4:1: the stub's linear_dx(W, dy, *rest) does not have the parameters of its "
        "signature, (W, dy); change the one or the other",
    ),
    "inputs both written and drawn": (
        HIDDEN, DIMS, GIVEN + DIMS,
        f"{HIDDEN}:11:5: test 'leaves-inputs-alone' has both 'given' and 'dims', but its inputs "
        "are either written out or drawn; remove one of the two",
    ),
    "several cases of an example": (
        PUBLIC, EXPECT, EXPECT + "    cases: 3\n",
        f"{PUBLIC}:19:5: test 'worked-example' has both 'given' and 'cases', but its inputs are "
        "either written out or drawn; remove one of the two",
    ),
    "expectation of drawn inputs": (
        HIDDEN, DIMS, DIMS + "    expect: {dx: [1, 2]}\n",
        f"{HIDDEN}:11:5: 'expect' says what comes out of written inputs, and there are none; add "
        "'given'",
    ),
    "property of an incomplete example": (
        HIDDEN, DIMS, "    given: {W: [[1, 2], [3, 4]]}\n",
        f"{HIDDEN}:10:5: the example does not give 'dy'; add it to 'given'",
    ),
    "property of an example of another shape": (
        HIDDEN, DIMS, GIVEN + "    expect: {dx: [1, 2, 3]}\n",
        f"{HIDDEN}:11:14: 'dx' has shape (3,), but it is a gradient by 'x', whose shape is (2,); "
        "change the one or the other",
    ),
    "dtypes of an example": (
        HIDDEN, DIMS, GIVEN + "    dtypes: [int64]\n",
        f"{HIDDEN}:11:5: unknown key 'dtypes' in test 'leaves-inputs-alone'; did you mean 'dtype'?",
    ),
    "unknown layout of an example": (
        PUBLIC, EXPECT, EXPECT + "    layouts: [C, K]\n",
        f"{PUBLIC}:19:18: 'layouts'[1] must be one of C, F, reversed, strided, not 'K'",
    ),
    "tolerance of what is no output": (
        PUBLIC, EXPECT, EXPECT + "    tolerance: {dX: 1.0e-7}\n",
        f"{PUBLIC}:19:17: unknown key 'dX' in 'tolerance'; known here: dx",
    ),
    "kink without an expectation": (
        HIDDEN, DIMS, GIVEN + "    differentiable: false\n",
        f"{HIDDEN}:11:5: where nothing is differentiable, 'expect' alone says what is right; add "
        "it",
    ),
    "kink in drawn inputs": (
        HIDDEN, DIMS, DIMS + "    differentiable: false\n",
        f"{HIDDEN}:11:5: unknown key 'differentiable' in test 'leaves-inputs-alone'; known here: "
        "name, title, disabled, reason, points, functions, tolerance, cases, dims, draw, dtypes, "
        "layouts, property",
    ),
    "kink that is neither true nor false": (
        PUBLIC, EXPECT, EXPECT + "    differentiable: never\n",
        f"{PUBLIC}:19:5: 'differentiable' must be true or false, not the text 'never'",
    ),
    "public test timed against the reference": (
        PUBLIC, AGAINST, "    efficiency: {at_most: 4}\n",
        f"{PUBLIC}:21:5: students do not have the reference to time a public test by; add "
        "'relative_to: forward'",
    ),
    "timed against something else": (
        PUBLIC, AGAINST, "    efficiency: {at_most: 4, relative_to: forwards}\n",
        f"{PUBLIC}:21:30: 'relative_to' must be one of forward, reference, not 'forwards'; did you "
        "mean 'forward'?",
    ),
    "unknown key in an efficiency test": (
        PUBLIC, AGAINST, "    efficiency: {at_most: 4, of: forward}\n",
        f"{PUBLIC}:21:30: unknown key 'of' in 'efficiency'; known here: at_most, "
        "relative_to, lines",
    ),
    "more layouts than cases": (
        HIDDEN, "n: 1..6}", "n: 1..6}\n    layouts: [C, F, C, C, C, C, strided]",
        f"{HIDDEN}:7:5: 'layouts' has 7 entries, which the cases take in turn, and there are 6 "
        "cases; write 'cases: 7', or remove some",
    ),
    "more dtypes than the one case": (
        HIDDEN, DIMS, DIMS + "    dtypes: [float64, int64]\n",
        f"{HIDDEN}:11:5: 'dtypes' has 2 entries, which the cases take in turn, and there is 1 case;"
        " write 'cases: 2', or remove some",
    ),
    "draw with an unknown name": (
        HIDDEN, "n: 1..6}", "n: 1..6}\n    draw: {W: nomal + n}",
        f"{HIDDEN}:7:12: unknown name 'nomal' in 'nomal + n'; did you mean 'normal'?",
    ),
    "draw of an array with an unknown name": (
        PUBLIC, "  x: [n]", "  x: {shape: [n], draw: normal * k}",
        f"{PUBLIC}:10:19: unknown name 'k' in 'normal * k'; known here: W, away_from_zero, dy, "
        "integers, m, n, normal, ones, signs, uniform, x, zeros",
    ),
    "draw from an array that comes later": (
        HIDDEN, "n: 1..6}", "n: 1..6}\n    draw: {W: 'normal * dy[0]'}",
        f"{HIDDEN}:7:12: 'W' cannot be drawn as 'normal * dy[0]', for 'dy' is not drawn before it; "
        "use arrays that stand above it",
    ),
    "forward with an unknown name": (
        PUBLIC, "forward: y = W @ x", "forward: y = W @ z",
        f"{PUBLIC}:11:1: unknown name 'z' in the forward pass; known here: W, dy, x, y",
    ),
    "longer forward with an unknown name": (
        PUBLIC, "forward: y = W @ x", "forward: |\n  h = W @ x\n  y = hh",
        f"{PUBLIC}:11:1: unknown name 'hh' in line 2 of the forward pass; did you mean 'h'?",
    ),
    "public test against the reference alone": (
        PUBLIC, AGAINST, "    against: reference\n",
        f"{PUBLIC}:21:5: students do not have the reference to hold a public test against; add "
        "'finite_differences', or make the test a hidden one",
    ),
    "no witness": (
        PUBLIC, AGAINST, "    against: []\n",
        f"{PUBLIC}:21:5: 'against' is empty; use some of finite_differences, reference",
    ),
    "example against a witness": (
        PUBLIC, EXPECT, AGAINST,
        f"{PUBLIC}:17:5: test 'worked-example' has 'against', for which no inputs are written out; "
        "draw the inputs with 'dims', or write 'expect' instead of 'against'",
    ),
    "example of an efficiency test": (
        HIDDEN, "    property: inputs_unchanged\n" + DIMS, "    efficiency: {at_most: 4}\n" + GIVEN,
        f"{HIDDEN}:10:5: test 'leaves-inputs-alone' has 'efficiency', for which no inputs are "
        "written out; draw the inputs with 'dims', or write 'expect' instead of 'efficiency'",
    ),
    "property without inputs": (
        HIDDEN, DIMS, "",
        f"{HIDDEN}:7:5: test 'leaves-inputs-alone' does not say how to draw the dimension 'm'; add "
        "'dims: {m: 1..9}', or write all inputs out in 'given'",
    ),
    "functions where none is a parameter": (
        HIDDEN, DIMS, DIMS + "    functions: {f: np.sin}\n",
        f"{HIDDEN}:11:5: no parameter of linear_dx is a function; remove 'functions', or give the "
        "exercise a 'functions' of its own",
    ),
    "function that is no parameter": (
        PUBLIC, "forward:", "functions: {f: np.sin}\nforward:",
        f"{PUBLIC}:11:13: 'f' is not a parameter of linear_dx; known here: W, dy",
    ),
    "function that is an array": (
        PUBLIC, "forward:", "functions: {W: np.sin}\nforward:",
        f"{PUBLIC}:11:13: 'W' is in 'arrays' already; remove it from one of the two",
    ),
    "nan among numbers": (
        PUBLIC, "dy: [7, 8]", "dy: [.nan, 1]",
        f"{PUBLIC}:17:45: 'dy'[0] is nan; write a number below 1.8e308",
    ),
    "text for an array": (
        PUBLIC, "dy: [7, 8]", "dy: two",
        f"{PUBLIC}:17:40: 'dy' must be a number or a list of numbers, not the text 'two'",
    ),
    "one word where a list belongs": (
        CONFIG, "exercises: [dx]", "exercises: dx",
        f"{CONFIG}:9:5: 'exercises' must be a list such as [dx], not the text 'dx'",
    ),
    "two kinds of test": (
        PUBLIC, AGAINST, AGAINST + EXPECT,
        f"{PUBLIC}:19:5: test 'small-rectangles' needs at most one of 'expect', 'against', "
        "'property', 'efficiency', 'source', and has 'against' and 'expect'",
    ),
}  # fmt: skip

# The same, with the beginning of the message: the rest is that of Python's or YAML's parser.
UNPARSABLE = {
}  # fmt: skip

# The same, with the beginning of the message: the rest is that of Python's or YAML's parser.
UNPARSABLE = {
    "bad indentation": (
        PUBLIC, "    given:", "   given:",
        f"{PUBLIC}:17:4: bad YAML:",
    ),
    "a tab": (
        PUBLIC, "    given:", "\tgiven:",
        f"{PUBLIC}:17:1: bad YAML:",
    ),
    "a merge": (
        PUBLIC, "    given:", "<<<<<<< HEAD\n    given:",
        f"{PUBLIC}:17:1: bad YAML: a merge was not finished here; keep one side",
    ),
    "a comma of another keyboard": (
        PUBLIC, "dy: [7, 8]}", "dy: [7, 8]， b: 1}",
        f"{PUBLIC}:17:50: bad YAML:",
    ),
    "an open bracket": (
        PUBLIC, "dy: [7, 8]}", "dy: [7, 8}",
        f"{PUBLIC}:17:49: bad YAML:",
    ),
    "forward that is not Python": (
        PUBLIC, "y = W @ x", "y = W @",
        f"{PUBLIC}:11:1: the forward pass is not Python:",
    ),
    "expression that is not Python": (
        HIDDEN, "dx: -dx", "dx: 'dx +'",
        f"{HIDDEN}:13:15: 'dx +' is not a Python expression:",
    ),
    "solution that is not Python": (
        SOLUTION, "return W.T @ dy", "return W.T @",
        f"{SOLUTION}:2:17: the solution is not Python:",
    ),
    "rule that is not Python": (
        PUBLIC, "m != n", "m !=",
        f"{PUBLIC}:23:32: 'm !=' is not a Python expression:",
    ),
    "mistake whose code is not Python": (
        HIDDEN, "dx = W.T @ dy", "dx = W.T @",
        f"{HIDDEN}:16:5: 'code' is not Python:",
    ),
    "stub that is not Python": (
        STUB, "    raise NotImplementedError", "    raise (",
        f"{STUB}:7:11: the stub is not Python:",
    ),
}  # fmt: skip


# What takes several replacements.
COMBINED: dict[str, tuple[list[tuple[str, str, str]], str]] = {
    "kink without a gradient": (
        [
            (PUBLIC, GRADIENTS, ""),
            (PUBLIC, DRAWN_PUBLIC, "    source: {forbid: for}\n"),
            (PUBLIC, EXPECT, EXPECT + "    differentiable: false\n"),
        ],
        f"{PUBLIC}:16:5: 'differentiable: false' silences finite differences, which have nothing "
        "to say about 'dx'; remove it",
    ),
    "linear in no upstream gradient": (
        [
            (PUBLIC, ", upstream: dy}", "}"),
            (HIDDEN, "inputs_unchanged", "linear_in_upstream"),
        ],
        f"{HIDDEN}:9:5: 'dx' is linear in no upstream gradient; name one in 'gradients', such as "
        "'dx: {of: y, wrt: x, upstream: dy}', or test another property",
    ),
    "points for what an example does not expect": (
        [
            (PUBLIC, "linear_dx(W, dy) -> dx", "linear_dx(W, dy) -> dx, dW"),
            (PUBLIC, "    points: 2", "    points: {dx: 1, dW: 1}"),
        ],
        f"{PUBLIC}:16:21: points for 'dW', of which 'expect' says nothing; add it there, or remove "
        "its points",
    ),
    "finite differences of what is no gradient": (
        [
            (PUBLIC, "linear_dx(W, dy) -> dx", "linear_dx(W, dy) -> dx, dW"),
            (PUBLIC, "{dx: 2}", "{dx: 1, dW: 1}"),
        ],
        f"{PUBLIC}:21:5: finite differences cannot speak about 'dW': neither does 'forward' "
        "compute it nor does 'gradients' say what it is a gradient of; add 'dW: {of: y, wrt: x}' "
        "to 'gradients', with the names of 'forward', or remove finite_differences",
    ),
    "layouts of drawn arrays of one axis": (
        [
            (PUBLIC, "  W: [m, n]\n", "  W: [m]\n"),
            (PUBLIC, "forward: y = W @ x", "forward: y = W * x[0]"),
            (PUBLIC, "{W: [[1, 2, 3], [4, 5, 6]], dy", "{W: [1, 2], x: [1, 2, 3], dy"),
            (HIDDEN, DIMS, DIMS + "    layouts: F\n"),
        ],
        f"{HIDDEN}:11:5: no array in 'arrays' has 2 or more axes, without which 'F' is nothing "
        "special; remove it, or give such an array",
    ),
    "public property of what nothing public knows": (
        [(PUBLIC, GRADIENTS, ""), (PUBLIC, AGAINST, "    property: repeatable\n")],
        f"{PUBLIC}:18:5: nothing public says what 'dx' must be, neither 'gradients' nor 'forward'; "
        "add 'given' and 'expect', or make the test a hidden one",
    ),
    "timed against a forward pass that is not there": (
        [
            (PUBLIC, GRADIENTS, ""),
            (PUBLIC, AGAINST, "    efficiency: {at_most: 4, relative_to: forward}\n"),
        ],
        f"{PUBLIC}:18:30: the exercise has no 'forward' to time the test by; add it, or make the "
        "test a hidden one that is relative to the reference",
    ),
    "second call without other numbers": (
        [
            (PUBLIC, "  W: [m, n]\n", "  W: {shape: [m, n], dtype: int64}\n"),
            (PUBLIC, "  dy: [m]\n", "  dy: {shape: [m], dtype: int64}\n"),
            (HIDDEN, "inputs_unchanged", "fresh_results"),
        ],
        f"{HIDDEN}:9:5: 'fresh_results' calls a second time with other numbers, and inputs that "
        "are scalars or int64 keep theirs; test 'repeatable'",
    ),
    "property of a class": (
        [
            (PUBLIC, "function: linear_dx(W, dy) -> dx", "class: linear_dx(W, dy)\noutputs: [dx]"),
            (PUBLIC, (GOOD / PUBLIC).read_text("utf-8").partition("tests:\n")[2],
             "  - name: alone\n    points: 1\n    property: repeatable\n"),
        ],
        f"{PUBLIC}:18:5: a class is tested with 'steps', not 'property'",
    ),
    "layouts of scalars": (
        [
            (PUBLIC, "  W: [m, n]\n  dy: [m]\n", "  W: []\n  dy: []\n"),
            (PUBLIC, "  x: [n]", "  x: []"),
            (PUBLIC, "W @ x", "W * x"),
            (PUBLIC, "{W: [[1, 2, 3], [4, 5, 6]], dy: [7, 8]}", "{W: 2, dy: 3}"),
            (PUBLIC, "{dx: [39, 54, 69]}", "{dx: 6}\n    layouts: [C, strided]"),
        ],
        f"{PUBLIC}:19:5: no array in 'given' has 1 or more axes, without which 'strided' is "
        "nothing special; remove it, or give such an array",
    ),
}  # fmt: skip


def error_of(course: Path, file: str, old: str, new: str) -> str:
    """The line that loading the course gives once ``old`` is ``new`` in ``file``."""
    text = (course / file).read_text("utf-8")
    assert old in text
    (course / file).write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(CourseError) as error:
        load_course(course)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("flaw", FLAWS)
def test_flaws_are_named_with_their_place(course: Path, flaw: str) -> None:
    file, old, new, message = FLAWS[flaw]
    assert error_of(course, file, old, new) == message


# The flaws that the JSON Schema cannot see, for it takes more than the shape of one file: names
# that refer to each other, shapes of arrays, the little languages, other files, numbers that JSON
# does not have, and YAML itself.
ONLY_SEEN_IN_READING = {
    "points for something else", "unknown dimension", "dimension not drawn", "bad range",
    "duplicate test in one file", "duplicate test across files", "duplicate mistake",
    "no numbers for a mistake", "a number named like an argument", "too many numbers",
    "no range of numbers",
    "duplicate key", "an alias", "parameter without array", "array without parameter",
    "gradient of nothing", "gradient by nothing", "ragged rows",
    "shapes that contradict each other", "too many axes", "input not given", "missing language",
    "extension without due", "extension before due", "exercise that is not there",
    "exercise listed twice", "exercise named by a word of Python", "length that is no sum",
    "length that calls something", "length that follows from nothing",
    "length that follows from a misspelled name",
    "length that follows from a number with a fraction",
    "length that follows from what is drawn later", "given array of another length than follows",
    "expectation of another length than follows", "length of less than one in an example",
    "length that divides by zero in an example", "length of an array that is not given",
    "array named by a word of Python", "output that is there twice",
    "gradient without a forward pass", "gradient for something else",
    "gradient with an unknown upstream", "forward that assigns nothing",
    "points that are not finite", "expectation of something else",
    "expectation of another shape than the drawn array", "unknown array is given",
    "array that nothing given fixes", "empty arrays", "number beyond float64",
    "number that is not finite", "fraction in an example of int64",
    "rule about an unknown dimension", "leading axes that no array has",
    "draw of an unknown array", "mistake with an unknown name", "mistake in something else",
    "mistake whose code lacks the function", "property of an incomplete example",
    "property of an example of another shape", "tolerance of what is no output",
    "kink without an expectation", "public test timed against the reference",
    "more layouts than cases", "more dtypes than the one case", "draw with an unknown name",
    "draw of an array with an unknown name", "draw from an array that comes later",
    "forward with an unknown name", "longer forward with an unknown name",
    "public test against the reference alone", "property without inputs",
    "functions where none is a parameter", "function that is no parameter",
    "function that is an array", "nan among numbers",
}  # fmt: skip
SCHEMAS = {CONFIG: "config", PUBLIC: "exercise", HIDDEN: "hidden"}


@pytest.mark.parametrize("flaw", [name for name in FLAWS if FLAWS[name][0] in SCHEMAS])
def test_an_editor_with_the_schema_sees_the_flaw(course: Path, flaw: str) -> None:
    file, old, new, _ = FLAWS[flaw]
    validator = Draft202012Validator(json_schema(SCHEMAS[file]))
    assert validator.is_valid(read_yaml(course / file).data)
    (course / file).write_text((course / file).read_text("utf-8").replace(old, new, 1), "utf-8")
    try:
        is_valid = validator.is_valid(read_yaml(course / file).data)
    except CourseError:  # the YAML itself
        is_valid = True
    assert is_valid == (flaw in ONLY_SEEN_IN_READING)


def test_all_errors_of_all_files_are_found_at_once(course: Path) -> None:
    for file, old, new in (
        (PUBLIC, "cases: 3", "case: 3"),
        (PUBLIC, "points: 2", "points: -2"),
        (PUBLIC, "upstream: dy", "upstrem: dy"),
        (HIDDEN, "name: wrong-sign", "nam: wrong-sign"),
    ):
        path = course / file
        path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")
    with pytest.raises(CourseError) as error:
        load_course(course)
    found = [str(one) for one in (error.value, *error.value.more)]
    assert found == [
        f"{PUBLIC}:13:23: unknown key 'upstrem' in 'dx'; did you mean 'upstream'?",
        f"{PUBLIC}:16:5: 'points' must be from 0 to 1000000, not -2",
        f"{PUBLIC}:22:5: unknown key 'case' in test 'small-rectangles'; did you mean 'cases'?",
        f"{HIDDEN}:12:5: unknown key 'nam' in 'mistakes'[0]; did you mean 'name'?",
    ]
    done = run("lint", course=course)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [f"error: {line}" for line in found]


def test_errors_of_one_test_do_not_hide_those_of_another(course: Path) -> None:
    for file, old, new in (
        (PUBLIC, "dy: [7, 8]}", "dy: [7, 8, 9]}"),
        (PUBLIC, "m != n}", "m != k}"),
        (HIDDEN, "inputs_unchanged", "linear_in_upstream\n    draw: {V: zeros}"),
    ):
        path = course / file
        path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")
    with pytest.raises(CourseError) as error:
        load_course(course)
    assert [one.line for one in (error.value, *error.value.more)] == [17, 23, 10]


@pytest.mark.parametrize("flaw", COMBINED)
def test_what_does_not_go_together_is_named_with_its_place(course: Path, flaw: str) -> None:
    edits, message = COMBINED[flaw]
    for file, old, new in edits[:-1]:
        text = (course / file).read_text("utf-8")
        assert old in text
        (course / file).write_text(text.replace(old, new, 1), "utf-8")
    assert error_of(course, *edits[-1]) == message


@pytest.mark.parametrize("flaw", UNPARSABLE)
def test_what_does_not_parse_is_named_with_its_place(course: Path, flaw: str) -> None:
    file, old, new, beginning = UNPARSABLE[flaw]
    message = error_of(course, file, old, new)
    assert message.startswith(beginning)
    assert message != beginning


def test_the_line_of_a_longer_piece_of_python_is_named(course: Path) -> None:
    forward = "forward: |\n  z = W @ x\n  y = 2 * (z\n"
    message = error_of(course, PUBLIC, "forward: y = W @ x\n", forward)
    assert message.startswith(f"{PUBLIC}:11:1: the forward pass is not Python: ")
    assert " in its line 2; " in message


@pytest.mark.parametrize(
    "forward",
    [
        "import math as m\ny = W @ (x * m.pi)",
        "from math import *\ny = pi * (W @ x)",
        "def double(v, *rest):\n  return 2 * v\ny = double(W @ x)",
        "y = sum((lambda v: v * x[j])(W[:, j]) for j in range(len(x)))",
        "try:\n  y = W @ x\nexcept ValueError as error:\n  raise TypeError(error)",
        "match len(x):\n  case n:\n    y = n * (W @ x)",
        "if (z := W @ x) is not None:\n  y = z",
    ],
)
def test_names_that_a_forward_pass_makes_itself_are_known(course: Path, forward: str) -> None:
    path = course / PUBLIC
    block = "forward: |\n" + "".join(f"  {line}\n" for line in forward.splitlines())
    text = path.read_text("utf-8").replace("forward: y = W @ x\n", block)
    path.write_text(text, "utf-8")
    assert load_course(course).assignments["linear-layer"].exercises[0].forward == forward + "\n"


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (HIDDEN, "against: [finite_differences, reference]", "against: reference"),
        (HIDDEN, "    against: [finite_differences, reference]\n", ""),
        (PUBLIC, AGAINST, ""),
        (HIDDEN, DIMS, DIMS + "    layouts: strided\n    dtypes: float32\n"),
        (
            HIDDEN,
            "n: 1..6}",
            "n: 1..6}\n    draw: {x: 'W[0] * uniform + m * n', dy: away_from_zero(1)}",
        ),
        (HIDDEN, "n: 1..6}", "n: 1..6}\n    layouts: [C, C, F, C, C, strided]"),
        (PUBLIC, "    points: 2", "    points: 2\n    steps: dx = linear_dx(W, dy)"),
    ],
)
def test_what_is_right_is_not_refused(course: Path, file: str, old: str, new: str) -> None:
    text = (course / file).read_text("utf-8")
    assert old in text
    (course / file).write_text(text.replace(old, new, 1), "utf-8")
    load_course(course)


def test_values_of_many_lines_are_quoted_in_one(course: Path) -> None:
    message = error_of(course, PUBLIC, "linear_dx(W, dy) -> dx", "|\n  linear_dx\n  of W")
    assert message.startswith(f"{PUBLIC}:5:1: 'linear_dx of W")


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (CONFIG, f"{CONFIG}: there is no such file; create it"),
        (
            PUBLIC,
            f"{CONFIG}:9:17: there is no {PUBLIC} for the exercise 'dx'; create it",
        ),
        (
            SOLUTION,
            f"{SOLUTION}: there is no such file; the solution with the function 'linear_dx' "
            "belongs here",
        ),
        (
            STUB,
            f"{STUB}: there is no such file; the stub with the function 'linear_dx' belongs here",
        ),
    ],
)
def test_missing_files_are_named(course: Path, file: str, message: str) -> None:
    (course / file).unlink()
    with pytest.raises(CourseError) as error:
        load_course(course)
    assert str(error.value) == message


def test_files_that_are_no_text_are_named(course: Path) -> None:
    (course / PUBLIC).write_bytes("title: é".encode("latin-1"))
    with pytest.raises(CourseError, match="is not UTF-8"):
        load_course(course)


def test_an_exercise_that_is_not_listed_is_named(course: Path) -> None:
    shutil.copy(course / PUBLIC, course / "assignments/linear-layer/dW.yaml")
    with pytest.raises(CourseError, match=r"dW.yaml is not listed here"):
        load_course(course)


def test_a_bundle_without_solutions_and_hidden_tests_loads(course: Path) -> None:
    shutil.rmtree(course / "solutions")
    shutil.rmtree(course / "tests")
    exercise = load_course(course).assignments["linear-layer"].exercises[0]
    assert exercise.solution_path is None
    assert {test.visibility for test in exercise.tests} == {"public"}


def test_a_solution_is_needed_wherever_there_are_hidden_tests(course: Path) -> None:
    shutil.rmtree(course / "solutions")
    (course / HIDDEN).unlink()
    with pytest.raises(CourseError, match=f"^{SOLUTION}: there is no such file"):
        load_course(course)


def test_hidden_tests_of_no_exercise_are_named(course: Path) -> None:
    shutil.copy(course / HIDDEN, course / "tests/hidden/linear-layer/dW.yaml")
    with pytest.raises(CourseError, match=r"hidden/linear-layer/dW\.yaml is not listed here"):
        load_course(course)


def test_hidden_tests_of_no_assignment_are_named(course: Path) -> None:
    hidden = course / "tests/hidden"
    (hidden / "linear-layer").rename(hidden / "linear-layr")
    with pytest.raises(CourseError) as error:
        load_course(course)
    assert str(error.value) == (
        "tests/hidden/linear-layr/dx.yaml:1:1: there is no assignment 'linear-layr' that these "
        "hidden tests belong to; rename the folder or move it away"
    )


# What only shows when a course is used: the file, a flaw in it, and where it is found.
DRAWN = "    dims: {m: 1..6, n: 1..6}"
FROM_X = "  x: [n]" + (GOOD / PUBLIC).read_text("utf-8").partition("  x: [n]")[2]
FLAWS_IN_USE = {
    "expression that raises": (
        HIDDEN, DRAWN, DRAWN + "\n    draw: {dy: 1/0}",
        f"{HIDDEN}:2:5: the expression '1/0' fails: ZeroDivisionError: division by zero",
    ),
    "expression that exits": (
        HIDDEN, DRAWN, DRAWN + "\n    draw: {dy: exit()}",
        f"{HIDDEN}:2:5: the expression 'exit()' fails: ",
    ),
    "expression of complex numbers": (
        HIDDEN, DRAWN, DRAWN + "\n    draw: {dy: 1j * normal}",
        f"{HIDDEN}:2:5: the expression '1j * normal' cannot fill 'dy' of (3,): its numbers are "
        "complex",
    ),
    "expressions that need each other": (
        HIDDEN, DRAWN, DRAWN + "\n    draw: {W: 'ones * dy[0]', dy: 'ones * W[0, 0]'}",
        f"{HIDDEN}:7:12: 'W' cannot be drawn as 'ones * dy[0]', for 'dy' is not drawn before it",
    ),
    "rules that nothing meets": (
        HIDDEN, DRAWN, "    dims: {m: 1..6, n: 1..6, m > n + 9}",
        f"{HIDDEN}:2:5: test 'rectangles': no lengths in 'dims' satisfy m > n + 9; "
        "change the one or the other",
    ),
    "lengths that are never one": (
        PUBLIC, FROM_X, FROM_X[: FROM_X.index("  - name")].replace("x: [n]", "x: [n - 100 * m]")
        + FROM_X[FROM_X.index("  - name: small") :],
        f"{PUBLIC}:15:5: test 'small-rectangles': no lengths in 'dims' satisfy m != n, "
        "1 <= n - 100 * m <= 4096; change the one or the other",
    ),
    "length that a drawn number makes too short": (
        PUBLIC, FROM_X, FROM_X[: FROM_X.index("  - name")].replace(
            "  x: [n]", "  p: {shape: [], dtype: int64, draw: '-9'}\n  x: [n + p]"
        ) + FROM_X[FROM_X.index("  - name: small") :],
        f"{PUBLIC}:16:5: the length 'n + p' of 'x' is -7 for n = 2, p = -9, and must be from 1 to "
        "4096; draw other numbers, or add a rule to 'dims'",
    ),
    "forward pass that fails": (
        PUBLIC, "y = W @ x", "y = W.T @ x",
        f"{PUBLIC}:15:5: test 'worked-example': the forward pass fails on it, in line 1 of "
        "'forward': ValueError: ",
    ),
    "upstream of another shape": (
        PUBLIC, "y = W @ x", "y = (W @ x)[:, None]",
        f"{PUBLIC}:13:3: test 'worked-example': the upstream 'dy' of 'dx' has shape (2,), but 'y' "
        "has shape (2, 1); change 'arrays' or 'forward'",
    ),
    "solution that exits": (
        SOLUTION, "def", "raise SystemExit(0)\ndef",
        f"{SOLUTION}:1:1: the solution does not run: SystemExit: 0; mend this line",
    ),
    "solution that cannot be compiled": (
        SOLUTION, "def", "X = 1\nreturn X\ndef",
        f"{SOLUTION}:2:1: the solution does not run: SyntaxError: 'return' outside function",
    ),
    "solution that calls what fails": (
        SOLUTION, "def", "import math\n\n\nX = math.sqrt(-1)\ndef",
        f"{SOLUTION}:4:1: the solution does not run: ValueError: math domain error; mend this line",
    ),
    "solution that exits when it is called": (
        SOLUTION, "return W.T @ dy", "raise SystemExit(0)",
        f"{PUBLIC}:15:5: test 'worked-example': the reference solution fails on it, in line 2 "
        f"of {SOLUTION}: SystemExit: 0",
    ),
    "solution in another encoding": (
        SOLUTION, "def", "# coding: latin-1\n# \N{LATIN SMALL LETTER E WITH ACUTE}\ndef",
        f"{SOLUTION}: is not UTF-8; save it as UTF-8",
    ),
}  # fmt: skip


@pytest.mark.parametrize("flaw", FLAWS_IN_USE)
def test_flaws_that_show_in_use_end_grading_with_one_line(
    course: Path, tmp_path: Path, flaw: str
) -> None:
    file, old, new, message = FLAWS_IN_USE[flaw]
    text = (course / file).read_text("utf-8")
    assert old in text
    encoding = "latin-1" if "encoding" in flaw else "utf-8"
    (course / file).write_text(text.replace(old, new, 1), encoding)
    hand_in(tmp_path / "submissions", "kim", "def linear_dx(W, dy): return W.T @ dy\n")
    done = run("grade", tmp_path / "submissions", "--out", tmp_path / "out", course=course)
    assert done.returncode == 2
    assert done.stderr.replace(f"{course}/", "").startswith(f"error: {message}")
    assert done.stderr.count("\n") == 1


def test_a_file_that_would_not_be_read_is_named(course: Path) -> None:
    (course / HIDDEN).rename((course / HIDDEN).with_suffix(".yml"))
    with pytest.raises(CourseError, match=r"dx\.yml would not be read; rename it to dx\.yaml"):
        load_course(course)


def test_only_the_assignments_asked_for_are_loaded(course: Path) -> None:
    (course / PUBLIC).write_text("nonsense", "utf-8")
    assert load_course(course, only={"another"}).assignments == {}
    with pytest.raises(CourseError):
        load_course(course, only={"linear-layer"})


def test_warnings_about_an_instructors_python_are_not_ours(course: Path) -> None:
    solution = course / SOLUTION
    solution.write_text('"""\\d"""\n' + solution.read_text("utf-8"), "utf-8")
    assert load_course(course).assignments


def test_origins_say_where_things_are_written(course: Path) -> None:
    exercise = load_course(course).assignments["linear-layer"].exercises[0]
    places = {key: (str(o.path), o.line, o.column) for key, o in exercise.origins.items()}
    assert places == {
        "title": (PUBLIC, 1, 1),
        "statement": (PUBLIC, 2, 1),
        "function": (PUBLIC, 5, 1),
        "forward": (PUBLIC, 11, 1),
        "gradients.dx": (PUBLIC, 13, 3),
        "tests.worked-example": (PUBLIC, 15, 5),
        "tests.small-rectangles": (PUBLIC, 19, 5),
        "tests.rectangles": (HIDDEN, 2, 5),
        "tests.leaves-inputs-alone": (HIDDEN, 7, 5),
        "mistakes.wrong-sign": (HIDDEN, 12, 5),
        "mistakes.changes-inputs": (HIDDEN, 15, 5),
    }


JUNK: tuple[Any, ...] = (
    None,
    "",
    "a text",
    "a\nb",
    -1,
    1.5,
    True,
    [],
    {},
    [[]],
    {"k": None},
    10**400,
    math.inf,
)


@pytest.mark.parametrize("file", [CONFIG, PUBLIC, HIDDEN])
@pytest.mark.slow
def test_junk_anywhere_is_one_line_with_a_place_or_loads(course: Path, file: str) -> None:
    """No value, wherever it stands, gets past as an exception of another kind."""
    refused = []
    for variant in junk_variants(read_yaml(course / file).data):
        text = yaml.safe_dump(variant, allow_unicode=True, sort_keys=False, width=100_000)
        (course / file).write_text(text, "utf-8")
        try:
            load_course(course)
        except CourseError as error:
            refused.append(error)
    assert len(refused) > 100
    assert [error for error in refused if error.line is None or "\n" in str(error)] == []


def junk_variants(data: Any) -> Iterator[Any]:
    """``data`` with one piece of it replaced by junk."""
    yield from JUNK
    if isinstance(data, dict):
        for key, value in data.items():
            yield {other: data[other] for other in data if other != key}
            yield from ({**data, key: variant} for variant in junk_variants(value))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield [*data[:index], *data[index + 1 :]]
            for variant in junk_variants(value):
                yield [*data[:index], variant, *data[index + 1 :]]
