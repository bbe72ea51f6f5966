"""Checkpoints: a fit that was killed goes on where it was, and ends where it would have ended."""
