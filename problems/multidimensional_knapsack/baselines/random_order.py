"""Random order: a hash of the item's figures, as good as a coin and the same in every run."""

import zlib


def priority(p, r_sum):
    return zlib.crc32(f"{p} {r_sum}".encode())
