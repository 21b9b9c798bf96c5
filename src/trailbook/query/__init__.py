"""WHICH: the condition tree, what it means for an event, its language, its periods."""
