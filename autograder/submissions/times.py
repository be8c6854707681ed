"""A CSV of when work was handed in, for platforms whose downloads do not tell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from autograder.errors import UsageError
from autograder.submissions.names import same
from autograder.submissions.submission import SubmissionRef
from autograder.submissions.submission_time import has_zone, parse_timestamp
from autograder.text.messages import sanitize
from autograder.text.said import said
from autograder.text.tables import read_table

_STUDENT = ("student", "name", "user", "username", "id", "학생", "이름", "학번")
_TIME = ("submitted", "submitted_at", "submission_time", "time", "timestamp", "제출", "제출 시각")


class Times(Struct, frozen=True):
    """When each student handed in, by name, and for which assignment; empty: for any. A time has
    an offset, or none where the CSV has none."""

    rows: dict[tuple[str, str], datetime]
    naive: frozenset[tuple[str, str]]

    def apply(self, ref: SubmissionRef, due: datetime | None) -> SubmissionRef:
        """The submission with its time. One without an offset is in that of the due date."""
        for key in ((same(ref.student), ref.assignment), (same(ref.student), "")):
            time = self.rows.get(key)
            if time is not None:
                if key in self.naive and due is not None:
                    time = time.replace(tzinfo=due.tzinfo)
                return replace(ref, submitted=time)
        return ref

    def unknown(self, students: Sequence[str]) -> list[str]:
        """Who is in the CSV and handed nothing in."""
        known = {same(student) for student in students}
        return list(dict.fromkeys(name for name, _ in self.rows if name not in known))


def read_times(content: bytes, name: str) -> Times:
    """The times in a CSV with a column for the student and one for the time; of several times of
    one student the last. Raises :class:`UsageError` with the line where it is wrong."""
    table = read_table(content, name)
    student, time = table.column(_STUDENT), table.column(_TIME)
    if student is None or time is None:
        saw = sanitize(", ".join(table.columns), 120) or "nothing"
        raise UsageError(said("error_times_columns", name=name, saw=saw))
    rows: dict[tuple[str, str], datetime] = {}
    naive: set[tuple[str, str]] = set()
    for line, row in table.rows:
        if not row[student] or not row[time]:
            continue
        found = parse_timestamp(row[time])
        if found is None:
            written = sanitize(row[time], 40)
            raise UsageError(said("error_times_time", name=name, line=line, text=written))
        key = (same(row[student]), row.get("assignment", ""))
        rows[key] = found
        if not has_zone(row[time]):
            naive.add(key)
    return Times(rows, frozenset(naive))
