"""Random pair: a hash of the pair's figures, as good as a coin and the same in every run."""

import zlib


def priority(w, data, wait, up, age, place):
    return zlib.crc32(f"{w} {data} {wait} {up} {age} {place}".encode())
