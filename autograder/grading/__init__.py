"""One submission graded: planned, run in a sandbox, observed, judged, explained in words.

In: a submission and a course. Out: a grade. Student code runs in the sandbox only, and what it
answers is compared here.
"""
