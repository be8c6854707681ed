"""The student's loop: find the work, check it against the public tests, show what is wrong.

In: files or the cells of a notebook. Out: a report as text, HTML or JSON. Nothing here needs
hidden tests or solutions.
"""
