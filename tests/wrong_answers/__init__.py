"""Wrong answers that the course's tests must notice, by class."""
