"""The wheel works where there is no checkout, and carries everything that a run needs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DATA = "evolve/_data"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    [made] = folder.glob("*.whl")
    return made


@dataclass(frozen=True)
class Installed:
    """A virtual environment of its own, and an empty folder to work in."""

    environment: Path
    folder: Path

    def run(self, *command: str) -> str:
        """Run something of the environment's bin; nothing of the developer's gets in."""
        keep = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        done = subprocess.run(
            [self.environment / "bin" / command[0], *command[1:]],
            cwd=self.folder,
            env=keep,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel alone; its dependencies are those of the environment that runs the tests."""
    folder = tmp_path_factory.mktemp("installed")
    environment = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(environment / "bin" / "python"), "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", "--disable-pip-version-check", str(wheel)], check=True)
    [packages] = environment.glob("lib/python*/site-packages")
    # A folder named in a .pth file is on the path, but its own .pth files, and so the checkout, are not followed.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    (folder / "work").mkdir()
    return Installed(environment, folder / "work")


def test_everything_is_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        [points] = [archive.read(name).decode() for name in names if name.endswith("entry_points.txt")]
    assert "evolve = evolve.__main__:main" in points
    for package in ("evolve", "evaluators", "sandbox"):
        wanted = {path.relative_to(ROOT).as_posix() for path in (ROOT / package).rglob("*") if _belongs(path)}
        assert wanted
        assert wanted - names == set()
    for data in ("problems", "prompts", "results"):
        wanted = {f"{DATA}/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / data).rglob("*") if _belongs(path)}
        assert wanted - names == set(), data
    for name in (
        "sandbox/Dockerfile", "sandbox/worker.py", "sandbox/supervisor.py", "evolve/archive/migrations/env.py",
        f"{DATA}/prompts/mutate.md.jinja", f"{DATA}/problems/job_shop/problem.toml",
        "evolve/templates/problem/simulator.py",
    ):  # fmt: skip
        assert name in names
    assert any(re.fullmatch(r"evolve/archive/migrations/versions/0001\w*\.py", name) for name in names)
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"evolve", "evaluators", "sandbox"}
    assert not [name for name in names if name.endswith((".pyc", ".db")) or "/tests/" in name]


def _belongs(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")


def test_nothing_comes_from_the_checkout(installed: Installed) -> None:
    code = "import evolve, evaluators, sandbox, json, sys; print(json.dumps([[evolve.__file__, evaluators.__file__, "
    code += "sandbox.__file__], sys.path]))"
    files, path = json.loads(installed.run("python", "-c", code))
    assert all(Path(file).is_relative_to(installed.environment) for file in files)
    assert str(ROOT) not in path


def test_shipped_problems_and_prompts(installed: Installed) -> None:
    shipped = sorted(path.parent.name for path in (ROOT / "problems").glob("*/problem.toml"))
    assert [row["name"] for row in json.loads(installed.run("evolve", "problems", "list", "--json"))] == shipped
    (installed.folder / "rule.py").write_text("def priority(p, d, t):\n    return max(t + p, d)\n")
    words = ("rule.py", "--problem", "single_machine_tardiness", "--sandbox", "process", "--json")
    found = json.loads(installed.run("evolve", "evaluate", *words))
    assert found["valid"]
    assert found["gap_mean"] > 0
    code = "from evolve.prompting import Prompts; print(*sorted(Prompts().operators))"
    shipped = sorted(path.name.split(".")[0] for path in (ROOT / "prompts").glob("[!_]*.md.jinja"))
    assert installed.run("python", "-c", code).split() == shipped


def test_a_search(installed: Installed) -> None:
    installed.run("evolve", "problems", "new", "mine")
    out = installed.run("evolve", "run", "./mine", "--candidates", "5", "--sandbox", "process", "--no-polish")
    assert "Budget used up: 5 candidates." in out
    [run] = json.loads(installed.run("evolve", "runs", "--json"))
    assert (run["status"], run["candidates"]) == ("finished", 5)


def test_the_image_is_the_same(installed: Installed) -> None:
    """The tag is a digest of the recipe: so an installed wheel uses the image that the checkout built."""
    from sandbox.image import image_tag

    assert (
        installed.run("python", "-c", "from sandbox.image import image_tag; print(image_tag())").strip() == image_tag()
    )
