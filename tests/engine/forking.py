"""Runs `evolve` in forks of a process that has loaded it, so that a test may start it often.

    python -m tests.engine.forking < commands

Each line on stdin is a JSON list of arguments; answers with the id of the fork, which leads a process group of its own,
and, when it has ended, with how it ended, as `waitstatus_to_exitcode` has it.
"""

from __future__ import annotations

import json
import os
import sys


def main() -> None:
    # What a run imports when it needs it takes seconds.
    import cma  # noqa: F401

    import evolve.proposers.openai
    import evolve.session
    from evolve.cli import main as evolve

    for line in sys.stdin:
        if (fork := os.fork()) == 0:
            os.setsid()
            os.dup2(2, 1)  # stdout is for the answers
            sys.argv = ["evolve", *json.loads(line)]
            evolve()
            sys.exit()
        print(fork, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(fork, 0)[1]), flush=True)


if __name__ == "__main__":  # evaluator processes load this module, too
    main()
