"""Reports as files: what each format costs, beside the bare library that writes the same strings."""
