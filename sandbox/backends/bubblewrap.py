"""A supervisor inside bubblewrap: namespaces of its own and a read-only view of little but the interpreter."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from sandbox.backends import base
from sandbox.namespaces import SCRATCH
from sandbox.session import SandboxError


class Sandboxed(base.Backend):
    """Needs `bwrap`, and a kernel that gives namespaces to ordinary users unless this one is root."""

    name = "bubblewrap"
    provides = ("own namespaces and root",)

    def available(self) -> str | None:
        if problem := base.linux():
            return problem
        if not shutil.which("bwrap"):
            return "bwrap is missing; install the package bubblewrap"
        return _works()

    def launch(self, folder: Path, options: base.Options) -> base.Handle:
        numpy_folder, _ = base.numpy_paths()
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(folder / "socket"))
            listener.listen(8)
            settings = {
                "listen": listener.fileno(),
                "visible": base.visible(),
                "paths": [numpy_folder],
                "temporary": SCRATCH,
                "disk_mb": options.limits.disk_mb,
                "without": options.without,
            }
            arguments = [
                *_namespaces(options.without),
                *("--size", str((options.limits.disk_mb + 1) << 20), "--perms", "0711", "--tmpfs", SCRATCH),
                "--clearenv",
                *(part for name, value in base.environment().items() for part in ("--setenv", name, value)),
                *(part for here, there in base.scripts().items() for part in ("--ro-bind", here, there)),
                *("--remount-ro", "/", "--chdir", "/"),
                *base.command(settings, base.interpreter(), base.INSIDE),
            ]
            try:
                process = subprocess.Popen(
                    ["bwrap", *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    pass_fds=[listener.fileno()],
                )
            except OSError as error:
                raise SandboxError(f"bwrap does not start: {error}") from None
        return base.Child(process)


def _namespaces(without: Sequence[str] = ()) -> list[str]:
    """Arguments that make the namespaces, and a root that shows `base.visible()`."""
    # Root needs no user namespace, and without one the supervisor can give each candidate a user of its own.
    root = os.geteuid() == 0 and "users" not in without
    users = [] if root else ["--unshare-user", "--uid", "1000", "--gid", "1000"]
    rights = ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"] if root else []
    shown: list[str] = []
    for path in base.visible():
        if os.path.islink(path):
            shown += ["--symlink", os.readlink(path), path]
        else:
            shown += [
                part for above in reversed(Path(path).parents[:-1]) for part in ("--perms", "0755", "--dir", str(above))
            ]
            shown += ["--ro-bind", path, path]
    # Not --die-with-parent: it means the thread that starts it. The supervisor ends with its lease.
    return [
        *users,
        *("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
        *("--as-pid-1", "--new-session", *rights, *shown),
        *("--proc", "/proc", "--dev", "/dev"),
    ]


@cache
def _works() -> str | None:
    try:
        tried = subprocess.run(
            ["bwrap", *_namespaces(), base.interpreter(), "-S", "-c", ""],
            capture_output=True, timeout=10, env=base.environment(),
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bwrap does not run: {error}"
    if tried.returncode:
        words = tried.stderr.decode(errors="replace").strip().splitlines()
        return f"bwrap is refused its namespaces ({words[-1] if words else tried.returncode}); allow user namespaces"
    return None
