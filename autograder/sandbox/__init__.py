"""Where student code runs: in a process of its own that knows no truth.

Levels, from strong to weak:

``sandbox``
    Linux. A fork of a warm process that has confined itself; it confines itself further
    before it sees student code: Landlock for files, seccomp for everything else,
    and limits. It starts no processes and no threads.
``process``
    A process of its own with limits. For students who run their own code, and for
    systems without Landlock.

A level that is not available is an error; it is never weakened silently.
"""
