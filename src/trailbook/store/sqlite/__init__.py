"""The embedded store: one SQLite file, with each event's facets as posting lists in FTS5."""
