"""A course: assignments, exercises and tests as plain data, read from YAML.

In: a folder with ``config.yaml``. Out: a frozen :class:`~autograder.course.course.Course`, or an
error with file, line, column and cure. Nothing is drawn, run or graded here.
"""
