"""Task graphs on heterogeneous processing elements."""
