"""Take a rule away. A format is a module here that names it in FORMAT, or an entry point of the group
"evolve.exporting" of another package."""

from evolve.exporting.base import ExportError, Format, Subject, formats, guess, subject_of

__all__ = ["ExportError", "Format", "Subject", "formats", "guess", "subject_of"]
