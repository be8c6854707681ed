"""From the files of a course to :class:`~autograder.course.course.Course`: reading and checking."""

from autograder.course.loading.course import load_course, load_exercise

__all__ = ["load_course", "load_exercise"]
