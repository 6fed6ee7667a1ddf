"""A supervisor in a container without network, with a read-only root and no capability but changing users."""

from __future__ import annotations

import contextlib
import os
from functools import cache
from pathlib import Path
from typing import Any

from sandbox.backends import base
from sandbox.image import image_status, image_tag
from sandbox.session import SandboxError

DOOR = "/run/evolve"  # only the container's root can enter it
RESERVE_MB = 256  # for the supervisor, beside what a candidate may use
LABEL = "evolve"


class Container(base.Handle):
    """A running container."""

    def __init__(self, container: Any) -> None:
        self._container = container

    @property
    def pid(self) -> int:  # type: ignore[override]
        self._container.reload()
        return int(self._container.attrs["State"]["Pid"])

    def alive(self) -> bool:
        try:
            self._container.reload()
        except Exception:
            return False
        return bool(self._container.status == "running")

    def kill(self) -> None:
        with contextlib.suppress(Exception):
            self._container.remove(force=True)

    def last_words(self) -> str:
        try:
            lines = self._container.logs(tail=5).decode(errors="replace").strip().splitlines()
        except Exception:
            return "the container is gone"
        return str(lines[-1]) if lines else ""


class Sandboxed(base.Backend):
    """Needs a Docker daemon on this machine, and the image."""

    name = "docker"
    provides = ("container without network, read-only", "memory, process and CPU limits of the container")

    def available(self) -> str | None:
        try:
            client()
        except SandboxError as error:
            return str(error)
        return image_status().problem

    def launch(self, folder: Path, options: base.Options) -> base.Handle:
        import docker.errors

        # The container's root is not allowed to override permissions; the folder around this one is closed.
        meeting = folder / "meeting"
        meeting.mkdir()
        meeting.chmod(0o777)
        (folder / "socket").symlink_to("meeting/socket")
        settings = {"listen": f"{DOOR}/meeting/socket", "without": options.without}
        image = options.image or image_tag()
        try:
            container = client().containers.run(
                image, base.command(settings, "python3", base.INSIDE), **arguments(meeting, options)
            )
        except docker.errors.ImageNotFound:
            raise SandboxError(f"there is no image {image}; build it with: evolve sandbox build") from None
        except (docker.errors.DockerException, OSError) as error:
            text = getattr(error, "explanation", None) or str(error)
            raise SandboxError(f"Docker does not start the container: {text}") from None
        return Container(container)


def arguments(meeting: Path, options: base.Options) -> dict[str, Any]:
    """Everything that `docker run` is told about a container."""
    limits = options.limits
    memory = f"{limits.memory_mb + limits.disk_mb + RESERVE_MB}m"
    binds = {str(meeting): {"bind": f"{DOOR}/meeting", "mode": "rw"}}
    binds |= {here: {"bind": there, "mode": "ro"} for here, there in base.scripts().items()}
    return {
        "detach": True,
        "auto_remove": True,
        "labels": {LABEL: "1", f"{LABEL}.host": str(os.getpid())},
        "network_mode": "none",
        "ipc_mode": "none",
        "read_only": True,
        "user": "0:0",
        "cap_drop": ["ALL"],
        "cap_add": ["SETUID", "SETGID"],
        "security_opt": ["no-new-privileges"],
        "mem_limit": memory,
        "memswap_limit": memory,
        "pids_limit": limits.processes + 16,
        "nano_cpus": 1_000_000_000,
        "tmpfs": {"/tmp": f"rw,nosuid,nodev,size={limits.disk_mb}m,nr_inodes=4096", DOOR: "size=1m,mode=700"},
        "volumes": binds,
        "environment": base.environment(local=False),
        "working_dir": "/",
        "entrypoint": [],
        "init": False,
        "stop_signal": "SIGKILL",
        **({"runtime": options.runtime} if options.runtime else {}),
    }


@cache
def client() -> Any:
    """A connection to the daemon, shared by all threads. Raises SandboxError if there is none."""
    import docker
    import docker.errors

    try:
        made = docker.from_env(timeout=30, max_pool_size=32)
        made.ping()
    except (docker.errors.DockerException, OSError) as error:
        if isinstance(error.__cause__ or error, PermissionError) or "ermission denied" in str(error):
            reason = "this user may not use it; add the user to the group docker"
        else:
            reason = "is it installed and running?"
        raise SandboxError(f"no Docker daemon answers; {reason}") from None
    return made
