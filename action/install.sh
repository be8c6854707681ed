#!/usr/bin/env bash
# Installs the package from the action's own files, beside and not in the student's checkout.
#
# Nothing in the checkout may take part: the working directory is elsewhere, Python runs with -I
# (no PYTHON* variables, no current directory, no user's packages), pip with --isolated.
set -euo pipefail

# A folder of this call's own: a job may grade several assignments.
work="$(mktemp -d "$RUNNER_TEMP/autograder-XXXXXX")"
echo "work=$work" >> "$GITHUB_OUTPUT"
cd "$work"

if [[ -n "${PYTHON:-}" ]]; then
    if ! "$PYTHON" -I -c 'import autograder' 2> /dev/null; then
        echo "::error title=autograder::python: $PYTHON has no backprop-autograder; install it there, or leave the input away"
        exit 2
    fi
    echo "python=$PYTHON" >> "$GITHUB_OUTPUT"
    exit 0
fi
if ! python3 -I -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "::error title=autograder::needs Python 3.11 or newer; use actions/setup-python before this action"
    exit 2
fi
python3 -I -m venv "$work/venv"
PIP_CONFIG_FILE=/dev/null "$work/venv/bin/python" -I -m pip --isolated install \
    --quiet --disable-pip-version-check "$GITHUB_ACTION_PATH" || {
    echo "::error title=autograder::the package could not be installed from the action's repository; pip says why above"
    exit 2
}
echo "python=$work/venv/bin/python" >> "$GITHUB_OUTPUT"
