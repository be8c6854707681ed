"""nbgrader's side; `make test-nbgrader` runs these, `make test` where nbgrader is installed."""
