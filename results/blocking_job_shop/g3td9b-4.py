def priority(holds, wanted, work_left, p, left_next, down_next, m):
    """Blocking jobs first: those that free wanted machines and will occupy this one briefly; ties to most work left per machine."""
    if holds:
        occupied = p + 0.579 * max(0.0, left_next - p) + 26.9 * down_next
        return -829.0 - 1.42 * wanted + 0.0365 * occupied - 0.0384 * work_left / m
    return 0.00249 * p - 0.0251 * work_left / m
