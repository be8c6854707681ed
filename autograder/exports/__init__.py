"""Grades in the formats of other systems, and as tables.

In: grades. Out: the content of files, as bytes. Nothing is graded here.
"""
