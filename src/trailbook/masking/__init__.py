"""MASKING: what secrets look like, and the marks that stand in their place before anything is written."""
