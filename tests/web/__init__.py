"""The pages of ``release --web`` in Chromium: ``make test-web``."""
