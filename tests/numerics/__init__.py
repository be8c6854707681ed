"""The numbers on trial: error estimates against mpmath, right answers under many seeds.

The programs here take minutes to hours with large arguments; the tests run a part of each that
takes seconds.
"""
