"""What the tests of the API share."""

from entered import quick_passwords

__all__ = ["quick_passwords"]
