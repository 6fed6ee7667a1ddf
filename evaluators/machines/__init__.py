"""Machine scheduling: one machine and job shops, their generators, exact methods and bounds."""
