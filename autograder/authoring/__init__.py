"""Help for authors of exercises: lint, leaks, formulas.

In: a course with its secrets. Out: findings. Nothing here changes a file.
"""
