"""A small Django application whose changes django-auditlog records; it runs in a virtual environment of its own."""
