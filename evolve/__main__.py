"""The `evolve` command, also as `python -m evolve`."""


def main() -> None:
    """Entry point. Evaluator processes are spawned and load this module anew: they need no command line."""
    from evolve.cli import main as command

    command()


if __name__ == "__main__":
    main()
