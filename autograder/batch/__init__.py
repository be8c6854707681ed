"""A class: many submissions graded by several workers, resumed where a run was interrupted.

In: a folder of submissions and a course. Out: a grade file for each, as it is made. What follows
from the course alone is worked out once and cached.
"""
