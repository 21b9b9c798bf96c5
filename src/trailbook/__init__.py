"""Trailbook: an audit trail that finds what a user did and what was done to that user."""

__version__ = "0.1.0"
