"""Opens a file of the host. Must not be able to: the file does not exist for it, or is closed to it."""

EXPECT = {"default": "valid"}

try:
    content = open("@CANARY@").read()
except OSError:
    content = ""
if content:
    raise AssertionError("the file can be read")


def decide(observation):
    jobs = observation["jobs"]
    return min(range(len(jobs)), key=lambda i: jobs[i][0] / jobs[i][1])
