"""Grades leaving the program: files, tables, and the formats of other systems."""
