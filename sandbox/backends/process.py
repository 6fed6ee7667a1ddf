"""A supervisor as a plain child process, which gives itself namespaces where the kernel permits."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

from sandbox.backends import base
from sandbox.session import SandboxError


class Sandboxed(base.Backend):
    """Needs nothing but Linux. How well it isolates depends on the kernel: see `evolve sandbox status`."""

    name = "process"
    separates = False  # without namespaces, what one candidate leaves in the file system the next one finds

    def available(self) -> str | None:
        return base.linux()

    def launch(self, folder: Path, options: base.Options) -> base.Handle:
        temporary = folder / "tmp"
        temporary.mkdir()
        numpy_folder, _ = base.numpy_paths()
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(folder / "socket"))
            listener.listen(8)
            settings = {
                "listen": listener.fileno(),
                "visible": base.visible(),
                "paths": [numpy_folder],
                "isolate": True,
                "temporary": str(temporary),
                "disk_mb": options.limits.disk_mb,
                "without": options.without,
            }
            try:
                process = subprocess.Popen(
                    base.command(settings, base.interpreter(), str(base.FOLDER.parent)),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    env=base.environment(),
                    cwd="/",
                    pass_fds=[listener.fileno()],
                    start_new_session=True,
                )
            except OSError as error:
                raise SandboxError(f"{base.interpreter()} does not start: {error}") from None
        return base.Child(process)
