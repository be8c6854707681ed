"""A grade: its schema, its file, late policy, and how much a student may see of it.

No numpy, and nothing that grades: whoever reads grades needs no more than this room.
"""
