"""`postroom-logs serve | collect | migrate | openapi | settings`."""

from postroom_logs.app import SERVICE
from postroom_shared.command import run


def main() -> None:
    """Carry out the command line."""
    run(SERVICE)


if __name__ == "__main__":
    main()
