"""WHEN, TO WHOM: what waits for its time, what is made in the background, and how it reaches whoever asked for it."""
