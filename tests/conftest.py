"""The same surroundings for every test, whatever the shell that it is started from sets."""

from __future__ import annotations

import os
import signal

from hypothesis import settings

# A shell that runs the tests in the background ignores Ctrl-C for them, which every program that a
# test starts would inherit. A signal with a handler is back to its default in those.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Languages, colours and widths of terminals, workflows of GitHub's: tests that need one set it.
for name in list(os.environ):
    if name.startswith(("LC_", "GITHUB_", "AUTOGRADER_", "RUNNER_")) or name in (
        *("LANGUAGE", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "TERM_PROGRAM"),
        *("PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONWARNINGS", "PYTHONOPTIMIZE"),
    ):
        del os.environ[name]
os.environ["LANG"] = "C.UTF-8"

# The same inputs in every run: a failure belongs to the change that it appears with. make fuzz
# looks for others.
settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.register_profile("random", max_examples=2000, deadline=None, print_blob=True)
settings.load_profile("repeatable")
