"""evolve problems new: writes a problem folder that works, for its author to change piece by piece."""

from __future__ import annotations

import ast
import keyword
import re
from pathlib import Path

from evaluators.problem import ProblemError, problem_names

TEMPLATES = Path(__file__).parent / "templates"


def new_problem(name: str, into: Path) -> Path:
    """A folder with a small simulator, its rules and its texts. Raises ProblemError; overwrites nothing."""
    folder = _folder(name, into)
    _write(folder, _filled(TEMPLATES / "problem", name, folder))
    return folder


def wrap_openevolve(name: str, into: Path, evaluator: Path, initial: Path | None) -> Path:
    """A self-scored problem around an evaluator file of OpenEvolve, which is copied as it is.

    Without `initial`, a file named initial_program.py beside the evaluator is the program that a search starts from.
    """
    folder = _folder(name, into)
    text, tree = _python(evaluator)
    if not any(isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n.name == "evaluate" for n in ast.walk(tree)):
        raise ProblemError(f"{evaluator}: it defines no function evaluate(program_path)")
    start = initial or evaluator.with_name("initial_program.py")
    if not start.exists():
        raise ProblemError(f"{start}: no such file; name the program that a search starts from with --initial")
    files = _filled(TEMPLATES / "self_scored", name, folder)
    about = ast.get_docstring(tree) or "(Say here what the program is for, and what the evaluator rewards.)"
    files["statement.md"] = files["statement.md"].replace("EVALUATOR_TEXT", about)
    files["evaluator.py"], files["initial.py"] = text, _python(start)[0]
    _write(folder, files)
    return folder


def _folder(name: str, into: Path) -> Path:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name) or keyword.iskeyword(name):
        raise ProblemError(f"{name!r} is no problem's name: use lower-case letters, digits and _, for example my_shop")
    if name in problem_names():
        raise ProblemError(f"{name} is the name of a shipped problem; choose another one")
    folder = into.expanduser() / name
    if folder.exists():
        raise ProblemError(f"{folder} exists already; nothing was written: choose another name, or another --into")
    return folder


def _python(path: Path) -> tuple[str, ast.Module]:
    try:
        text = path.read_text(encoding="utf-8")
        return text, ast.parse(text)
    except OSError as error:
        raise ProblemError(f"{path}: {error.strerror}") from None
    except (SyntaxError, ValueError) as error:
        raise ProblemError(f"{path}: line {getattr(error, 'lineno', None) or '?'}: {error.args[0]}") from None


def shown(folder: Path) -> str:
    """How to name the folder on a command line: a path inside the current folder as it is, short."""
    resolved, here = folder.resolve(), Path.cwd()
    return f"./{resolved.relative_to(here)}" if resolved.is_relative_to(here) else str(resolved)


def _filled(template: Path, name: str, folder: Path) -> dict[str, str]:
    values = {"PROBLEM_NAME": name, "PROBLEM_TITLE": name.replace("_", " ").capitalize(), "PROBLEM_PATH": shown(folder)}
    files = {}
    for path in sorted(template.rglob("*.*")):
        if path.is_file() and path.suffix in (".py", ".md", ".toml"):
            text = path.read_text(encoding="utf-8")
            for placeholder, value in values.items():
                text = text.replace(placeholder, value)
            files[path.relative_to(template).as_posix()] = text
    return files


def _write(folder: Path, files: dict[str, str]) -> None:
    try:
        folder.mkdir(parents=True)
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ProblemError(f"{folder} cannot be written: {error.strerror}; choose another --into") from None
