"""Networks: data that is sent through clouds, and roads that are added to cities."""
