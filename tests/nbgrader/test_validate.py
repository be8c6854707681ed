"""`nbgrader validate`, as students call it before they hand in: it tells the truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from nbgrader.validator import Validator

from autograder.course.loading import load_course
from autograder.integrations.nbgrader.carrier import carrier
from autograder.integrations.nbgrader.cells import ANSWER

ROOT = Path(__file__).parents[2]
RIGHT = "import numpy as np\ndef linear_dx(W, dy):\n    return W.T @ dy\n"


def validated(folder: Path, answer: str) -> dict[str, Any]:
    course = load_course(ROOT, only=["linear-layer"])
    (exercise,) = (one for one in course.assignments["linear-layer"].exercises if one.name == "dx")
    notebook = json.loads(carrier(exercise, "hints", "en"))
    for cell in notebook["cells"]:
        if cell["metadata"]["nbgrader"]["grade_id"] == ANSWER:
            cell["source"] = answer
    path = folder / "dx.ipynb"
    path.write_text(json.dumps(notebook))
    found: dict[str, Any] = Validator().validate(str(path))
    return found


@pytest.mark.slow
def test_a_right_notebook_passes_and_a_wrong_one_fails_public_tests(tmp_path: Path) -> None:
    assert validated(tmp_path, RIGHT) == {}
    wrong = validated(tmp_path, RIGHT.replace("W.T", "2 * W.T"))
    failed = [one["source"].split("\n")[0] for one in wrong["failed"]]
    assert failed
    assert all("battery" not in title for title in failed)
    assert any("worked-example" in title for title in failed)
    changes = validated(
        tmp_path, RIGHT.replace("return", "dy *= 1.5\n    dx =") + "    return dx\n"
    )
    assert any("leaves-inputs-alone" in one["source"] for one in changes["failed"])
