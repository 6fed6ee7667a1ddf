"""Writes files until there is no room. Must be stopped near its limit."""

# Without a mount of its own its folder has no limit but time: it may write all of it, or be ended on a slow disk.
EXPECT = {"default": "valid", "process-session": ["import", "timeout"]}

written = 0
try:
    for number in range(26):
        with open(f"{number}", "wb") as file:
            written += file.write(bytes(1 << 20))
except OSError:
    pass
if written > 24 << 20:
    raise AssertionError(f"wrote {written >> 20} MB")


def decide(observation):
    jobs = observation["jobs"]
    return min(range(len(jobs)), key=lambda i: jobs[i][0] / jobs[i][1])
