"""WHAT HAPPENED: the event, its canonical bytes, its changes, its facets and its words."""
