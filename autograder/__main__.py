"""``python -m autograder``, and the command ``autograder``."""

import sys


def main() -> None:
    """Run the command line. Ctrl-C is without a word also while that is imported."""
    try:
        from autograder.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
