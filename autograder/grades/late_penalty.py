"""Due dates, lateness and attempts: times and points in, final points out.

The one place where this is worked out, for grade files, exports and gradebooks alike.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from autograder.course.policy import Attempts, Late

DAY = timedelta(days=1)


class Attempt(Struct, frozen=True):
    submitted: datetime
    final_score: float


class Settlement(Struct, frozen=True):
    """A score after the due date has been taken into account."""

    late_seconds: int
    """Time after the due date, rounded up, within the grace too; 0 where it was in time."""
    penalty: float
    """Points taken off, never more than there were."""
    final_score: float


def due_date(
    due: datetime | None, extensions: Mapping[str, datetime], student: str
) -> datetime | None:
    """When this student's work is due; None where there is no due date."""
    if due is None:
        return None
    own = extensions.get(student)
    if own is None and not student.isascii():
        # A Mac writes Hangul in parts: the same name in another form.
        name = unicodedata.normalize("NFC", student)
        alike = (one for one in extensions if unicodedata.normalize("NFC", one) == name)
        own = next((extensions[one] for one in alike), None)
    return due if own is None else own


def settle(
    score: float, max_score: float, *, submitted: datetime, due: datetime, late: Late
) -> Settlement:
    """What ``score`` becomes when handed in at ``submitted``. Both times have an offset.

    The penalty is a share of ``max_score``, as in Canvas: ten percent of a hundred points
    are ten points a day, whatever was reached.
    """
    after = max(submitted - due, timedelta())
    return settle_late(score, max_score, math.ceil(after / timedelta(seconds=1)), late)


def settle_late(score: float, max_score: float, late_seconds: int, late: Late) -> Settlement:
    """The same where it is known how late the work was, in seconds, rounded up."""
    after = timedelta(seconds=late_seconds)
    if after <= timedelta(minutes=late.grace_minutes):
        return Settlement(late_seconds, 0.0, score)
    days = math.ceil(after / DAY)
    penalty = score
    if late.at_most_days is None or days <= late.at_most_days:
        penalty = min(score, max_score * late.penalty_per_day / 100 * days)
    penalty = round(penalty, 9)
    if penalty == 0:
        return Settlement(late_seconds, 0.0, score)
    return Settlement(late_seconds, penalty, max(0.0, round(score - penalty, 9)))


def attempt_that_counts(attempts: Sequence[Attempt], policy: Attempts) -> int:
    """The index of the attempt that counts.

    ``attempts`` may come in any order; among equally good ones, the last counts.
    Raises :class:`ValueError` where there is none.
    """
    in_time = sorted(range(len(attempts)), key=lambda index: (attempts[index].submitted, index))
    counted = in_time[: policy.at_most]
    if not counted:
        raise ValueError("no attempts")
    if policy.keep == "last":
        return counted[-1]
    return max(reversed(counted), key=lambda index: attempts[index].final_score)
