"""`postroom-import serve | work | migrate | openapi | settings`."""

from postroom_shared.command import run

from postroom_import.app import SERVICE


def main() -> None:
    """Carry out the command line."""
    run(SERVICE)


if __name__ == "__main__":
    main()
