"""Writes one file without end. Must be stopped at its limit."""

EXPECT = {"default": "valid"}

written = 0
try:
    with open("large", "wb") as file:
        for _ in range(100):
            written += file.write(bytes(1 << 20))
            file.flush()
except OSError:
    pass
if written > 24 << 20:
    raise AssertionError(f"wrote {written >> 20} MB")


def decide(observation):
    jobs = observation["jobs"]
    return min(range(len(jobs)), key=lambda i: jobs[i][0] / jobs[i][1])
