"""Random order: a hash of the instance's figures, as good as a coin and the same in every run."""

import zlib


def priority(release, T, C, use, left):
    return zlib.crc32(f"{release} {T} {C} {use} {left}".encode())
