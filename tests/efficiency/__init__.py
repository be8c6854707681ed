"""Verdicts of efficiency tests, on right answers of which some are slow."""
