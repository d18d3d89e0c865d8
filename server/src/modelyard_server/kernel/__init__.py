"""Mechanics with no product word in them: database, errors, HTTP, jobs, trail, crypto, clock."""
