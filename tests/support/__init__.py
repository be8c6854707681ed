"""What tests of several rooms use: courses, submissions, calls of the command line."""
