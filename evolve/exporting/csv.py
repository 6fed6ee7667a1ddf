"""The figures instance by instance, as text."""

from evolve.exporting.base import Format

FORMAT = Format(".csv", lambda subject: subject.frame().to_csv(index=False, lineterminator="\n"))
