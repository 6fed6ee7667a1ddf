"""FastSwitch (2024), as vLLM with priorities: the highest priorities are resident; first come, first served in each."""


def decide(obs):
    priority = obs["priority"]
    return sorted(range(len(priority)), key=lambda i: -priority[i])
