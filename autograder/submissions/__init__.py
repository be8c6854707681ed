"""Work that was handed in: found in the layouts of learning platforms, read without trust.

In: a folder or archive. Out: references to submissions, their sources, and the time they came.
Code is parsed and never run.
"""
