"""Mechanics with no product word in them: database, errors, HTTP shapes, jobs, trail, crypto, clock."""
