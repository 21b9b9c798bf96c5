"""WHO MAY WHAT: accounts, access roles, keys, sessions; how someone proves who they are; the one place that decides."""
