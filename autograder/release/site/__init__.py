"""A course as a static site: exercises that are checked in the browser, without a server.

In: a course, and where Pyodide is. Out: files for any web server, without a secret in them.
The pages are built from ``web/`` (``make web``) and lie in ``static/``.
"""
