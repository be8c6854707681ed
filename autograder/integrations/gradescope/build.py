"""The zip that Gradescope makes an autograder of.

https://gradescope-autograders.readthedocs.io/en/latest/specs/
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from autograder.course.course import Assignment, Course, HiddenFeedback
from autograder.exports.context import GradescopeVisibility
from autograder.release.grading import grading_files
from autograder.release.wheel import build_wheel, zipped
from autograder.sandbox.levels import Level
from autograder.text.language import Language

SETTINGS = "settings.json"
COURSE = "course"


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """How the autograder grades; chosen when the zip is built, and kept in it."""

    assignment: str
    isolation: Level
    language: Language
    feedback: HiddenFeedback
    hidden_tests: GradescopeVisibility


_SETUP: Final = """\
#!/usr/bin/env bash
# Gradescope runs this once, as root and with network, when it builds the autograder.
set -euo pipefail

root="${AUTOGRADER_ROOT:-/autograder}"

fits() {
    "$1" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2> /dev/null
}

find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3.14 python3.13 python3.12 python3.11 python3; do
        if fits "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

if ! python="$(find_python)"; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q
    # What the image calls python3 may be too old (22.04 has 3.10); then a newer one beside it.
    apt-get install -q -y --no-install-recommends python3 python3-venv
    find_python > /dev/null \\
        || apt-get install -q -y --no-install-recommends python3.11 python3.11-venv
    python="$(find_python)" || {
        echo "error: there is no Python 3.11 or newer; choose a newer base image" >&2
        exit 1
    }
fi
rm -rf "$root/source/venv"
"$python" -m venv "$root/source/venv"
"$root/source/venv/bin/python" -m pip install --quiet --disable-pip-version-check \\
    "$root"/source/wheels/*.whl
chmod -R go-rwx "$root/source/course"
"$root/source/venv/bin/python" -I -m autograder --version
"""

_RUN: Final = """\
#!/usr/bin/env bash
# Gradescope runs this as root for each submission. Without a results.json, which is what an error
# leads to, it tells the student that the autograder failed, and shows the instructor why.
set -euo pipefail

root="${AUTOGRADER_ROOT:-/autograder}"
# Nothing in the submission may be taken for a part of the grader.
cd /
exec "$root/source/venv/bin/python" -I -m autograder gradescope run --root "$root"
"""


def autograder_zip(course: Course, assignment: Assignment, settings: Settings) -> bytes:
    """``setup.sh``, ``run_autograder``, this package and the assignment, secrets included."""
    wheel, content = build_wheel()
    files = {
        "setup.sh": _SETUP.encode(),
        "run_autograder": _RUN.encode(),
        SETTINGS: msgspec.json.format(msgspec.json.encode(settings), indent=2) + b"\n",
        f"wheels/{wheel}": content,
    }
    for name, one in grading_files(course, assignment).items():
        files[f"{COURSE}/{name}"] = one
    return zipped(files, executable=frozenset({"setup.sh", "run_autograder"}))
