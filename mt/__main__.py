"""The command `mt`, and python -m mt."""

import signal
import sys


def main() -> int:
    """Run the command that the arguments name; the exit code. Ctrl-C during the imports ends it quietly."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from mt.cli import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
