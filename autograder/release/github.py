"""What makes a bundle a template repository for GitHub Classroom."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

WORKFLOW: Final = ".github/workflows/classroom.yml"

# To be filled in by the instructor where nothing better is known.
ACTION: Final = "OWNER/backprop-autograder@v1"
COURSE_REPOSITORY: Final = "OWNER/COURSE"


class Classroom(Struct, frozen=True):
    """Where the workflow gets the action and the hidden tests from."""

    action: str = ACTION
    course_repository: str = COURSE_REPOSITORY


_WORKFLOW: Final = """\
# Grades every push and tells GitHub Classroom the points.
#
# The hidden tests come from the private repository {course_repository}, which the secret
# AUTOGRADER_COURSE_KEY (a read-only deploy key) opens. Whoever may change this file can read that
# secret: protect .github/ with a push ruleset, or leave the secret away, and the hidden tests to
# `autograder grade --layout classroom`.
name: Autograding
on: [push, workflow_dispatch, repository_dispatch]
permissions:
  actions: read
  checks: write
  contents: read
jobs:
  grade:
    # Classroom's own commit, with which every repository begins, is nobody's work.
    if: github.actor != 'github-classroom[bot]'
    runs-on: ubuntu-latest
    timeout-minutes: 10
    steps:
      - uses: actions/checkout@v4
        with:
          path: submission
          persist-credentials: false
      - uses: actions/checkout@v4
        with:
          repository: {course_repository}
          ssh-key: ${{{{ secrets.AUTOGRADER_COURSE_KEY }}}}
          path: course
          persist-credentials: false
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - id: grade
        uses: {action}
        with:
          assignment: {assignment}
          submission: submission
          course: course
      - if: always() && steps.grade.outputs.classroom != ''
        uses: classroom-resources/autograding-grading-reporter@v1
        env:
          GRADE_RESULTS: ${{{{ steps.grade.outputs.classroom }}}}
        with:
          runners: grade
"""

_IGNORED: Final = """\
__pycache__/
.ipynb_checkpoints/
.pytest_cache/
.venv/
"""


def repository_files(assignment: str, classroom: Classroom) -> dict[str, bytes]:
    """The files that a repository has besides those of the bundle."""
    workflow = _WORKFLOW.format(
        assignment=assignment,
        action=classroom.action,
        course_repository=classroom.course_repository,
    )
    return {WORKFLOW: workflow.encode(), ".gitignore": _IGNORED.encode()}
