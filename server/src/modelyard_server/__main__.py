"""`python -m modelyard_server`, and the command of the same name."""

from .kernel import starting


def main() -> None:
    """Run a command of the control plane."""
    starting.hurry()
    from .cli import app

    app()


if __name__ == "__main__":
    main()
