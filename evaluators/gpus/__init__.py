"""Problems of placing models, and parts of them, on GPUs."""
