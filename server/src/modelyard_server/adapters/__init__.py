"""The outside world behind ports: stores, runtimes, channels."""
