"""Find the expression that a wrong answer computed.

In go arrays: the arguments of a few cases, the intermediates of the forward pass, the right
outputs and what came back. Out comes the simplest small expression that gives what came back on
all of these cases, or nothing. Pure search over arrays: no file, no process, no student code.
"""
