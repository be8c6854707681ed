"""What options may be, known before what does it is imported."""

from __future__ import annotations

FORMATS = ("csv", "junit", "gradescope", "github", "classroom", "canvas", "moodle", "markdown")
"""The names in :data:`autograder.exports.formats.FORMATS`."""

LAYOUTS = (
    "gradescope",
    "moodle",
    "canvas",
    "blackboard",
    "brightspace",
    "teams",
    "classroom",
    "repository",
    "nbgrader",
    "google",
    "flat",
    "auto",
)
"""The names in :data:`autograder.submissions.layouts.LAYOUTS`, and ``auto``."""

FEEDBACK = ("none", "names", "hints", "all")
"""As :data:`autograder.course.course.HiddenFeedback`."""
