"""A class for people who teach: statistics of tests, mistakes, who needs help, feedback files.

In: grades, with the course, its roster and what was handed in where these are there. Out: tables,
and pages that open without a server. Nothing is graded here, and no page asks anything of a
network.
"""
