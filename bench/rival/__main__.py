"""Measure django-auditlog, in its environment: `python -m rival writing CHANGES`, or `reading ENTRIES REQUESTS`.

Prints the figures as JSON. The database is the file that RIVAL_DATABASE names; entries to read are made if they are not
there.
"""

from __future__ import annotations

import json
import os
import sys

import django
from django.core.management import call_command


def main() -> None:
    """Run the task that is named."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "rival.settings"
    django.setup()
    call_command("migrate", verbosity=0, interactive=False, run_syncdb=True)
    from .tasks import TASKS

    print(json.dumps(TASKS[sys.argv[1]](*map(int, sys.argv[2:]))))


if __name__ == "__main__":
    main()
