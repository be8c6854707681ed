"""This repository's course as a parameter of tests: a few exercises in every run, all of them
where the course's content is tested (``make test-course``)."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.course.loading import load_course

ROOT = Path(__file__).resolve().parents[2]
COURSE = load_course(ROOT)

# Exercises without code are tested by themselves.
EXERCISES = tuple(
    exercise
    for assignment in COURSE.assignments.values()
    for exercise in assignment.exercises
    if not exercise.answers
)

# One of each kind: several results, a scalar beside an array, functions handed over, a class,
# any number of axes, integers as inputs, lengths that follow from others.
OF_EACH_KIND = (
    "linear_backward",
    "mse",
    "relative_error",
    "linear_module",
    "leading_axes",
    "embedding_backward",
    "conv1d_backward",
)

for_every_exercise = pytest.mark.parametrize(
    "exercise",
    [
        pytest.param(one, id=one.name, marks=() if one.name in OF_EACH_KIND else pytest.mark.course)
        for one in EXERCISES
    ],
)
"""Runs a test with each ``exercise`` of the course that asks for code."""
