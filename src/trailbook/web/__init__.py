"""THE SERVICE: the JSON API that applications send events to, and that people and programs ask for reports."""
