"""What all tests share: short ways to make events."""
