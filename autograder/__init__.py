"""Grades exercises in backpropagation: right, explained, and in a sandbox."""

__version__ = "0.1.0"
