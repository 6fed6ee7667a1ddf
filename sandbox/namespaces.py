"""Namespaces of a process's own: users, processes, network, shared memory, and a root with little in it.

Runs inside the sandbox (standard library only). All of it is what `bwrap` does too; it is here for machines without
it, and to give every candidate of one supervisor namespaces of its own.
"""

import ctypes
import os
import struct
from collections.abc import Sequence

from sandbox.confine import call

NEWNS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _BIND, _REC, _PRIVATE = 1, 2, 4, 8, 4096, 16384, 1 << 18
_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE, _DETACH = 442, -100, 0x8000, 2
SCRATCH = "/scratch"  # not /tmp, which may be where the interpreter is
DEVICES = ("null", "zero", "full", "random", "urandom")


def unshare(flags: int) -> None:
    """Move into new namespaces; with NEWUSER, as an ordinary user of it. Raises OSError."""
    uid, gid = os.geteuid(), os.getegid()
    call("unshare", flags)
    if flags & NEWUSER:
        for name, content in (("setgroups", "deny"), ("uid_map", f"1000 {uid} 1"), ("gid_map", f"1000 {gid} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(content)


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """mount(2)."""
    call("mount", *(ctypes.c_char_p(text.encode()) for text in (source, target, kind)), flags,
         ctypes.c_char_p(options.encode()))  # fmt: skip


def make_private() -> None:
    """Keep later mounts from reaching other namespaces."""
    mount("none", "/", flags=_REC | _PRIVATE)


def read_only(path: str) -> None:
    """Make everything mounted at or below a path read-only, and set-uid programs there powerless."""
    attributes = struct.pack("4Q", _RDONLY | _NOSUID, 0, 0, 0)
    call("syscall", _MOUNT_SETATTR, _AT_FDCWD, ctypes.c_char_p(path.encode()), _AT_RECURSIVE,
         ctypes.c_char_p(attributes), len(attributes))  # fmt: skip


def scratch(target: str, megabytes: int, mode: str) -> None:
    """An empty file system in memory that holds so much and no more."""
    options = f"size={megabytes}m,mode={mode},nr_inodes=4096"
    mount("tmpfs", target, "tmpfs", _NOSUID | _NODEV, options)


def own_proc(target: str = "/proc") -> None:
    """Show only the processes of the own namespace; where that is refused, show none."""
    try:
        mount("proc", target, "proc", _NOSUID | _NODEV | _NOEXEC)
    except OSError:
        mount("tmpfs", target, "tmpfs", _RDONLY)


def private_root(visible: Sequence[str], base: str, disk_mb: int) -> None:
    """Leave the root for one that holds `visible` paths read-only, a few devices, /proc and an empty SCRATCH.

    `base` is any existing folder. Needs a mount namespace and the right to mount in it.
    """
    make_private()
    mount("tmpfs", base, "tmpfs", _NOSUID | _NODEV, "mode=755")
    root = f"{base}/root"
    os.mkdir(root, 0o755)
    for path in visible:
        _show(path, root)
    for device in DEVICES:
        _show(f"/dev/{device}", root)
    for name in ("/proc", SCRATCH):
        os.makedirs(root + name, 0o755, exist_ok=True)
    mount(root, root, flags=_BIND | _REC)
    read_only(root)
    own_proc(f"{root}/proc")  # before the old root goes: the kernel wants to see a /proc that hides nothing
    os.chdir(root)
    call("syscall", {"x86_64": 155, "aarch64": 41}[os.uname().machine], ctypes.c_char_p(b"."), ctypes.c_char_p(b"."))
    call("umount2", ctypes.c_char_p(b"."), _DETACH)
    os.chdir("/")
    scratch(SCRATCH, disk_mb, "711")


def _show(path: str, root: str) -> None:
    target = root + path
    os.makedirs(os.path.dirname(target), 0o755, exist_ok=True)
    if os.path.islink(path):
        os.symlink(os.readlink(path), target)
        return
    if not os.path.exists(path) or os.path.lexists(target):
        return
    if os.path.isdir(path):
        os.mkdir(target)
    else:
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    mount(path, target, flags=_BIND | _REC)
