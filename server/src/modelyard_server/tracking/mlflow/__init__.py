"""MLflow's REST protocol as its unmodified client speaks it. Each module has a `router`."""
