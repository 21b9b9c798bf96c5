"""The store in PostgreSQL, beside plain SQL on a plain table in the same server."""
