"""Changes the observation it was given. Must change nothing but its own copy."""

EXPECT = {"default": "valid"}


def decide(observation):
    jobs = [tuple(job) for job in observation["jobs"]]
    for job in observation["jobs"]:
        job[0] = 0
    observation["jobs"].clear()
    observation["time"] = -(10**9)
    return min(range(len(jobs)), key=lambda i: jobs[i][0] / jobs[i][1])
