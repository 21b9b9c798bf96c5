"""What the tests of who sees what share."""

from entered import quick_passwords

__all__ = ["quick_passwords"]
