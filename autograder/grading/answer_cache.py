"""Answers that came before: many students compute the same numbers to the last bit.

Equal replies are read and judged once, whoever sent them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from operator import eq
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from autograder.grading.observation import Observation

if TYPE_CHECKING:
    from autograder.grading.judge import Judgement

Content: TypeAlias = tuple[memoryview, ...]
"""The replies to a test; see :meth:`autograder.sandbox.session.Replies.content`."""
Kept: TypeAlias = tuple[bytearray, ...]
"""A copy of them; see :meth:`autograder.sandbox.session.Replies.keep`."""

# Of each test, so many different answers are kept, and so many bytes of them.
MAX_ANSWERS = 8
MAX_ANSWER_BYTES = 1 << 20


class _Answer(Struct, eq=False):
    """Replies to a test, the observations read from them, and the judgement once there is one.
    ``number`` is its own, ``size`` is in bytes."""

    number: int
    content: Kept
    size: int
    observations: tuple[Observation, ...]
    judgement: Judgement | None = None

    def has_content(self, content: Content) -> bool:
        # A bytearray, and on the left: no other type compares with a memoryview this fast.
        return all(map(eq, self.content, content))


class AnswerCache:
    """The latest answers to each test, by the test's name: those that were given again last stay
    longest."""

    def __init__(self) -> None:
        self._answers: dict[str, list[_Answer]] = {}
        self._numbers = count()

    def get(self, test: str, content: Content | None) -> tuple[Observation, ...] | None:
        """The observations for identical replies; None where there were none."""
        if content is not None:
            answers = self._answers.get(test, [])
            for number, answer in enumerate(answers):
                if answer.has_content(content):
                    answers.append(answers.pop(number))  # the last to go
                    return answer.observations
        return None

    def put(
        self, test: str, content: Kept | None, observations: tuple[Observation, ...]
    ) -> tuple[Observation, ...]:
        """Keep the observations that look into these replies, and hand them back. Replies that are
        too large are not kept."""
        if content is not None and (size := sum(map(len, content))) <= MAX_ANSWER_BYTES:
            answers = self._answers.setdefault(test, [])
            room = MAX_ANSWER_BYTES - size
            while len(answers) >= MAX_ANSWERS or sum(one.size for one in answers) > room:
                del answers[0]
            number = next(self._numbers)
            answers.append(_Answer(number, content, size, observations))
        return observations

    def numbers(self, run: Mapping[str, tuple[Observation, ...]]) -> tuple[int, ...] | None:
        """By the observations of each test, the numbers of these answers, which no others have;
        None where one of them is not kept."""
        found = [self._kept(test, observations) for test, observations in run.items()]
        kept = tuple(one.number for one in found if one is not None)
        return kept if len(kept) == len(found) else None

    def judgement(
        self, test: str, observations: tuple[Observation, ...], judge: Callable[[], Judgement]
    ) -> Judgement:
        """The judgement of ``observations``: from before where these very ones are kept."""
        answer = self._kept(test, observations)
        if answer is None:
            return judge()
        if answer.judgement is None:
            answer.judgement = judge()
        return answer.judgement

    def _kept(self, test: str, observations: tuple[Observation, ...]) -> _Answer | None:
        """The answer that has these very observations."""
        answers = reversed(self._answers.get(test, ()))
        return next((one for one in answers if one.observations is observations), None)
