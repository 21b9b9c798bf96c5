"""WHAT TO SHOW: the columns of a report, its definition, and running it for a viewer."""
