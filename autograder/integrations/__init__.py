"""Other systems with this grader underneath: nbgrader and Gradescope."""
