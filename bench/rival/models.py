"""The one model of the application, registered with django-auditlog."""

from auditlog.registry import auditlog
from django.db import models


class Person(models.Model):
    """Somebody whose record is kept up to date."""

    name = models.CharField(max_length=100)
    email = models.EmailField()
    phone = models.CharField(max_length=30)
    role = models.CharField(max_length=30)
    active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.name


auditlog.register(Person)
