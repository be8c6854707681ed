"""A course on its way to students: bundles, notebooks, repositories.

In: a course. Out: files without a secret in them, or a refusal.
"""
