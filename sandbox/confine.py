"""What takes rights away from a process: capabilities, resource limits, a system-call filter, and Landlock.

Runs inside the sandbox (standard library only). Linux on x86-64 and arm64; elsewhere the filter reports itself absent.
"""

import ctypes
import os
import platform
import resource
import stat
import struct
from collections.abc import Collection, Sequence
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_SECCOMP = 1, 4, 24, 22
PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 36, 38
CAP_SETGID, CAP_SETUID, CAP_SYS_ADMIN = 6, 7, 21


def call(name: str, *arguments: object) -> int:
    """Call a function of libc. Raises OSError where it returns -1."""
    _LIBC.syscall.restype = ctypes.c_long
    converted = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result: int = getattr(_LIBC, name)(*converted)
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result


def prctl(option: int, value: int = 0) -> None:
    """prctl(2) with one argument."""
    call("prctl", option, value, 0, 0, 0)


# --- capabilities ----------------------------------------------------------------------------------------------------


def capabilities() -> set[int]:
    """The numbers of the effective capabilities."""
    status = Path("/proc/self/status").read_text()
    mask = int(status.partition("CapEff:")[2].split()[0], 16)
    return {number for number in range(64) if mask >> number & 1}


def keep_capabilities(keep: Collection[int]) -> None:
    """Give up all capabilities but these, for good where the bounding set can be changed."""
    for number in range(64):
        if number not in keep:
            try:
                prctl(PR_CAPBSET_DROP, number)
            except OSError:
                break
    mask = sum(1 << number for number in keep)
    low, high = mask & 0xFFFFFFFF, mask >> 32
    header = struct.pack("Ii", 0x20080522, 0)
    data = struct.pack("6I", low, low, 0, high, high, 0)
    call("capset", ctypes.c_char_p(header), ctypes.c_char_p(data))


# --- resource limits -------------------------------------------------------------------------------------------------


def limit(memory_mb: int, processes: int, disk_mb: int, cpu_seconds: int) -> None:
    """Set the limits of the calling process and its descendants, not to be raised again."""
    wanted = {
        resource.RLIMIT_AS: memory_mb << 20,
        resource.RLIMIT_NPROC: processes,
        resource.RLIMIT_FSIZE: disk_mb << 20,
        resource.RLIMIT_CPU: cpu_seconds,
        resource.RLIMIT_NOFILE: 64,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    for kind, value in wanted.items():
        hard = resource.getrlimit(kind)[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (bound, bound))


# --- system-call filter ----------------------------------------------------------------------------------------------

# Numbers on x86-64 and on arm64; calls newer than 2019 share one number.
_FORBIDDEN = {
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "tkill": (200, 130), "setpriority": (141, 140),
    "pidfd_send_signal": (424, 424), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    "process_madvise": (440, 440),
    "socket": (41, 198), "io_uring_setup": (425, 425),
    "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsmount": (432, 432), "mount_setattr": (442, 442),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
}  # fmt: skip
_SELF_ONLY = {  # the first argument names a process: itself, or 0
    "kill": (62, 129), "tgkill": (234, 131), "prlimit64": (302, 261), "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119), "sched_setparam": (142, 118), "sched_setattr": (314, 274),
}  # fmt: skip
_CLONE, _CLONE3 = (56, 220), (435, 435)
_NEW_NAMESPACES = 0x7E020000
_EPERM, _ENOSYS = 1, 38


def filter_calls() -> None:
    """Forbid what reaches other processes, the network, kernel objects that outlive a process, and namespaces.

    Raises OSError where the kernel or the architecture has no filter. Needs no-new-privileges.
    """
    machine = platform.machine()
    if machine not in ("x86_64", "aarch64"):
        raise OSError(_ENOSYS, f"no system-call filter for {machine}")
    column = 0 if machine == "x86_64" else 1
    load, equal, at_least, any_bit, give = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, refuse = 0x7FFF0000, 0x00050000
    number, architecture, argument = 0, 4, 16
    code: list[tuple[int, int, int, int]] = [
        (load, 0, 0, architecture),
        (equal, 1, 0, 0xC000003E if column == 0 else 0xC00000B7),
        (give, 0, 0, 0x80000000),
        (load, 0, 0, number),
    ]
    if column == 0:  # the x32 numbering of the same calls
        code += [(at_least, 0, 1, 0x40000000), (give, 0, 0, refuse | _ENOSYS)]
    for numbers in _FORBIDDEN.values():
        code += [(equal, 0, 1, numbers[column]), (give, 0, 0, refuse | _EPERM)]
    code += [(equal, 0, 1, _CLONE3[column]), (give, 0, 0, refuse | _ENOSYS)]  # libc falls back to clone
    code += [
        (equal, 0, 4, _CLONE[column]),
        (load, 0, 0, argument),
        (any_bit, 0, 1, _NEW_NAMESPACES),
        (give, 0, 0, refuse | _EPERM),
        (give, 0, 0, allow),
    ]
    for numbers in _SELF_ONLY.values():
        code += [
            (equal, 0, 5, numbers[column]),
            (load, 0, 0, argument),
            (equal, 2, 0, 0),
            (equal, 1, 0, os.getpid()),
            (give, 0, 0, refuse | _EPERM),
            (give, 0, 0, allow),
        ]
    code.append((give, 0, 0, allow))
    program = b"".join(struct.pack("HBBI", *instruction) for instruction in code)
    buffer = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code), ctypes.addressof(buffer)))
    call("prctl", PR_SET_SECCOMP, 2, ctypes.byref(header), 0, 0)


# --- Landlock: which files a process may see -------------------------------------------------------------------------

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_READ, _READ_FOLDER, _FILE_ONLY = 0b0101, 0b1000, 0b1100_0000_0000_0111


def landlock_version() -> int:
    """The kernel's version of Landlock; 0 for none."""
    try:
        return call("syscall", _CREATE_RULESET, None, 0, 1)
    except OSError:
        return 0


def see_only(readable: Sequence[str], writable: Sequence[str]) -> None:
    """Restrict the calling process to reading (and running) some paths and changing others. Raises OSError."""
    version = landlock_version()
    if not version:
        raise OSError(_ENOSYS, "no Landlock")
    every = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)) - 1
    attributes = struct.pack("QQQ", every, 0b11 if version >= 4 else 0, 0b11 if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = call("syscall", _CREATE_RULESET, ctypes.c_char_p(attributes), size, 0)
    for paths, rights in ((readable, _READ | _READ_FOLDER), (writable, every)):
        for path in paths:
            try:
                opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError:
                continue
            folder = stat.S_ISDIR(os.fstat(opened).st_mode)
            rule = struct.pack("=Qi", rights & every if folder else rights & every & _FILE_ONLY, opened)
            call("syscall", _ADD_RULE, ruleset, 1, ctypes.c_char_p(rule), 0)
            os.close(opened)
    call("syscall", _RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)
