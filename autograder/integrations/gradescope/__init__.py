"""Gradescope: the zip of an autograder, and the run inside its container."""
