"""Parts of a course leaving it: bundles for students, and what grades elsewhere."""
