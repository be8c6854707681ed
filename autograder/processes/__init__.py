"""Processes of the grader's own: trusted work in parallel, and ending with the parent.

Student code runs in :mod:`autograder.sandbox`, never here.
"""
