def priority(increase, start, hottest, delay):
    """Takes start - n for n."""
    return max(increase, 3.18 * delay - hottest) * start
