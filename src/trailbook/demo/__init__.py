"""THE EXAMPLE: a deterministic, lifelike trail of a call centre that many companies share."""
