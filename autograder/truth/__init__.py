"""The truth about a case: inputs drawn, right answers from several witnesses, and tolerances.

In: an exercise and the solution's function. Out: expected values with an error bound, and
verdicts on arrays. Pure functions over arrays: no files, no processes, no student code.
"""
