"""WHEN, TO WHOM: what waits for its time, schedules, alerts, and the ways by which a message leaves the house."""
