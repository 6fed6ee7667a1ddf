"""What a candidate leaves behind: files in its folder, and processes. Runs inside the sandbox."""

import contextlib
import os
import shutil


def empty(folder: str) -> None:
    """Delete all that a folder holds, whatever its permissions."""
    for root, folders, _files in os.walk(folder):
        for name in folders:
            path = os.path.join(root, name)
            if not os.path.islink(path):
                os.chmod(path, 0o700)
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)


def processes() -> dict[int, tuple[int, str]]:
    """Parent and state of every process."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{entry}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
                found[int(entry)] = (int(fields[1]), fields[0].decode())
    return found


def descendants() -> list[int]:
    """This process's descendants, zombies of others included only while they have a parent to wait for them."""
    children: dict[int, list[int]] = {}
    for pid, (parent, _state) in processes().items():
        children.setdefault(parent, []).append(pid)
    found = list(children.get(os.getpid(), []))
    for pid in found:
        found += children.get(pid, [])
    return found


def load(pids: list[int]) -> tuple[float, float]:
    """Seconds for which the thread that waited longest could have run and found no processor free, and seconds of
    processor time of all these processes together, and of those of their children that have ended."""
    waited = used = 0.0
    for pid in pids:
        with contextlib.suppress(OSError, IndexError), open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
            used += (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
        with contextlib.suppress(OSError, ValueError, IndexError):
            for thread in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
                    ran, queued, _ = file.read().split()
                waited = max(waited, int(queued) / 1e9)
                used += int(ran) / 1e9
    return waited, used


def stolen(stat: str = "/proc/stat") -> float:
    """Seconds since the boot for which the host of this virtual machine ran something else than a processor of it that
    had work to do: the mean of its processors."""
    with contextlib.suppress(OSError, ValueError, IndexError), open(stat) as file:
        ticks = int(file.readline().split()[8])
        return ticks / os.sysconf("SC_CLK_TCK") / (os.cpu_count() or 1)
    return 0.0


def processes_of_user() -> int:
    """How many processes and threads the user has now."""
    total = 0
    for entry in os.listdir("/proc"):
        with contextlib.suppress(OSError, ValueError):
            if entry.isdigit() and os.stat(f"/proc/{entry}").st_uid == os.getuid():
                total += len(os.listdir(f"/proc/{entry}/task"))
    return total
