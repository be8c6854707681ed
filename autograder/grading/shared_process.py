"""The process that runs the exercises of one submission, and which of them it may run."""

from __future__ import annotations

from typing import TypeAlias

from autograder.course.exercise import Exercise, SourceTest
from autograder.sandbox.host import Sandbox

Rule: TypeAlias = tuple[tuple[str, ...] | None, tuple[str, ...]]
"""The imports that code may have and the words that it must not, as in :class:`SourceTest`."""


def rule_of(test: SourceTest) -> Rule:
    return test.imports, test.forbid


def rules_of(exercise: Exercise) -> frozenset[Rule]:
    """The rules that code for the exercise must obey."""
    return frozenset(map(rule_of, exercise.source_tests))


class SharedProcess:
    """The process that a sandbox lends to one exercise after the other.

    What code leaves in a process, later code may use. So an exercise with rules for the source
    has one in which nothing has run that does not obey them, lest a file bring in what the
    exercise's own file may not.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._obeyed: frozenset[Rule] | None = None
        """What all code obeys that it has run; None where it has run nothing."""
        self.is_as_new = True
        """Whether code finds in it what it would find in a new process, as far as the texts tell of
        all code that it has run."""

    def admit(self, rules: frozenset[Rule], *, alone: bool = False) -> None:
        """End it where it may not run an exercise with these rules, or one that is to be ``alone``,
        which has a new one then."""
        # It died, another process was needed, or the one there is somebody else's.
        if self._obeyed is None or not self._sandbox.is_lending:
            self.end()
        if self._obeyed is not None and (alone or not rules <= self._obeyed):
            self.end()

    def has_run(self, obeyed: frozenset[Rule], *, leaves_alone: bool) -> None:
        """Note code that was run, and whether it leaves alone what others find."""
        self._obeyed = obeyed if self._obeyed is None else self._obeyed & obeyed
        self.is_as_new &= leaves_alone

    def leave(self) -> None:
        """End it, if it has run anything: there may be another one by now, which is not its own."""
        if self._obeyed is not None:
            self.end()

    def end(self) -> None:
        self._sandbox.end_lent()
        self._obeyed = None
        self.is_as_new = True
