"""Hidden ``test_*.py`` files: pytest runs them in a fork of the grader, student code in its
sandbox.

``process`` starts the fork, answers what it asks of the student's code, and ends it when its
time is up. ``collected`` is what happens in the fork, with pytest; ``student`` is the proxy that
a test holds, ``messages`` what fork and grader say to each other. Nothing here is imported for
exercises without such files.
"""
