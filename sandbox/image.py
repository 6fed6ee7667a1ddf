"""The image that containers are made of: built from the Dockerfile, or from Debian packages without any registry."""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sandbox.session import SandboxError

DOCKERFILE = Path(__file__).parent / "Dockerfile"
NAME = "evolve-sandbox"
SUITE = "bookworm"
PACKAGES = ("python3", "python3-numpy")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
KEEP_OUT = ("usr/share/doc", "usr/share/man", "usr/share/locale", "var/cache/apt", "var/lib/apt/lists")


@dataclass(frozen=True)
class ImageStatus:
    """The image that this version wants, and what is wrong with it, if anything."""

    tag: str
    problem: str | None
    size_mb: int = 0


def image_tag() -> str:
    """The image's name; its tag changes with its recipe."""
    recipe = DOCKERFILE.read_bytes() + repr((SUITE, PACKAGES, KEEP_OUT)).encode()
    return f"{NAME}:{hashlib.sha256(recipe).hexdigest()[:12]}"


def image_status() -> ImageStatus:
    """Whether the image is there."""
    import docker.errors

    from sandbox.backends.docker import client

    tag = image_tag()
    try:
        image = client().images.get(tag)
    except SandboxError as error:
        return ImageStatus(tag, str(error))
    except docker.errors.ImageNotFound:
        return ImageStatus(tag, f"the image {tag} is missing; run: evolve sandbox build (without a registry: --rootfs)")
    except docker.errors.DockerException as error:
        return ImageStatus(tag, f"Docker does not say whether there is an image: {error}")
    return ImageStatus(tag, None, round(image.attrs["Size"] / 1e6))


def build_image(rootfs: bool, report: Callable[[str], None], base: str | None = None) -> str:
    """Build the image and return its name. Raises SandboxError.

    With `rootfs`, the base is made of Debian packages and no registry is asked; it needs debootstrap and root.
    """
    if rootfs:
        return _import_rootfs(report)
    tag = image_tag()
    arguments = ["--build-arg", f"BASE={base}"] if base else []
    report(f"building {tag} from {DOCKERFILE.name}")
    _run(["docker", "build", *arguments, "--tag", tag, "--file", str(DOCKERFILE), str(DOCKERFILE.parent)], report)
    return tag


def _import_rootfs(report: Callable[[str], None]) -> str:
    for tool, package in (("debootstrap", "debootstrap"), ("docker", "docker.io")):
        if not shutil.which(tool):
            raise SandboxError(f"{tool} is missing; install the package {package}")
    tag = image_tag()
    with tempfile.TemporaryDirectory(prefix="evolve-rootfs-") as folder:
        root = Path(folder) / "root"
        mirror = debian_mirror()
        report(f"fetching Debian {SUITE} with {' and '.join(PACKAGES)} from {mirror or 'the default mirror'}")
        keyring = [f"--keyring={KEYRING}"] if KEYRING.exists() else []
        _run(
            ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", *keyring, SUITE, str(root),
             *([mirror] if mirror else [])],
            report,
        )  # fmt: skip
        for name in KEEP_OUT:
            shutil.rmtree(root / name, ignore_errors=True)
        report(f"importing {tag}")
        with subprocess.Popen(["tar", "--numeric-owner", "-C", str(root), "-c", "."], stdout=subprocess.PIPE) as tar:
            _run(["docker", "import", "--change", "ENV LANG=C.UTF-8", "-", tag], report, stdin=tar.stdout)
        if tar.returncode:
            raise SandboxError(f"tar failed with status {tar.returncode}")
    return tag


def debian_mirror(folder: Path = Path("/etc/apt")) -> str | None:
    """The Debian mirror that this machine's apt is configured with, if it is a Debian."""
    release = Path("/etc/os-release")
    if not release.exists() or not re.search(r"^ID=debian$", release.read_text(), re.MULTILINE):
        return None
    for path in [folder / "sources.list", *sorted(folder.glob("sources.list.d/*"))]:
        if path.suffix not in (".list", ".sources") or not path.is_file():
            continue
        text = re.sub(r"^\s*#.*$", "", path.read_text(errors="replace"), flags=re.MULTILINE)
        line = r"^deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+" if path.suffix == ".list" else r"^URIs:\s*(\S+)"
        for uri in re.findall(line, text, re.MULTILINE):
            if re.search(r"/debian/?$", uri):
                return str(uri)
    return None


def _run(command: list[str], report: Callable[[str], None], stdin: object = subprocess.DEVNULL) -> None:
    last = ""
    try:
        with subprocess.Popen(
            command,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",  # type: ignore[call-overload]
        ) as process:
            for line in process.stdout:
                last = line.strip() or last
                report(line.rstrip())
    except OSError as error:
        raise SandboxError(f"{command[0]} does not run: {error}") from None
    if process.returncode:
        hint = ""
        if command[:2] == ["docker", "build"]:
            hint = "; where no registry can be reached, use --rootfs"
        raise SandboxError(f"{command[0]} failed: {last}{hint}")


def architecture() -> str:
    """What the image is for."""
    return platform.machine()
