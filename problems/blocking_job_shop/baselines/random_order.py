"""Random order: a hash of the job's figures, as good as a coin and the same in every run."""

import zlib


def priority(p, work_left, work_done, ready, t):
    return zlib.crc32(f"{p} {work_left} {work_done} {ready} {t}".encode())
