"""Benchmarks: Trailbook's figures beside those of a plain baseline, from the same run."""
