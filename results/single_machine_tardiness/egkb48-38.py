"""EDD with a small penalty for long jobs."""


def priority(p, d, t, P_rem, p_max, p_mean, n_rem):
    return max(d, t + p + 0.05 * p)  # Added 0.05 * p as a small penalty term

# Example usage
p = 50  # Example value for p
d = 100  # Example value for d
t = 100  # Example value for t
P_rem = 1000  # Example value for P_rem
p_max = 100  # Example value for p_max
p_mean = 50  # Example value for p_mean
n_rem = 100  # Example value for n_rem

print(priority(p, d, t, P_rem, p_max, p_mean, n_rem))
