"""Random order: a hash of a transaction's figures, as good as a coin and the same in every run."""

import zlib


def priority(length, reads, writes, conflicts, heat, exposure, n_rem):
    return zlib.crc32(f"{length} {reads} {writes} {conflicts} {heat} {exposure} {n_rem}".encode())
