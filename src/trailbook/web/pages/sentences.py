"""Sentences of errors that people meet on pages, marked to be translated; elsewhere in the house they are English."""

from __future__ import annotations

from .language import marked as _

SENTENCES = (
    # Signing in.
    _("The name, the password or the one-time password is wrong."),
    _("Check them and try again."),
    _("There were too many failed attempts to sign in."),
    _("There are too many attempts to sign in at this moment."),
    _("Too many people sign in at this moment."),
    _("Wait, then try again."),
    _("Try again in a second."),
    _("This link holds no longer."),
    _("Ask who manages access for a new one: each works once."),
    _("A password has 12 to 1,024 characters."),
    _("Several words that do not belong together are easy to remember and hard to guess."),
    _("This password is easily guessed."),
    _("Choose another one."),
    _("The two passwords are not the same."),
    _("Type the new one twice."),
    _("This code is not made from the secret."),
    _("Check the clock of the device."),
    # Pages.
    _("Nothing answers at this path."),
    _("There is nothing here"),
    _("There is nothing of this id, or nothing that you may know of."),
    _("Check the id."),
    _("This is not allowed"),
    _("Ask whoever manages access."),
    _("Who is asking is not known"),
    _("You are not signed in, or no longer."),
    _("Sign in again."),
    _("Something went wrong"),
    _("Something went wrong inside Trailbook."),
    _("The request cannot be used as it is"),
    _("There is no such parameter here."),
    _("The request does not have the documented form"),
    _("More than may be taken now"),
    _("The form does not show that it comes from a page of your session."),
    _("Load the page again and send it once more."),
    _("The query takes too long"),
    _("The query cannot be understood"),
    _("The report definition does not fit"),
    _("Somebody else has changed it"),
    _("It is not what was read"),
    _("There is no room left"),
    _("The store is busy"),
)
"""The words of problems as they are raised: what is not here is shown in English."""
