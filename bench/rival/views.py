"""The listing of entries that one would write: the newest of an actor, and how many there are."""

from auditlog.models import LogEntry
from django.http import HttpRequest, JsonResponse
from django.urls import path

SHOWN = (
    "id", "timestamp", "action", "actor_id", "actor__username", "actor_email", "content_type__model", "object_pk",
    "object_repr", "changes", "remote_addr", "additional_data",
)  # fmt: skip


def entries(request: HttpRequest) -> JsonResponse:
    """The newest 50 entries of an actor."""
    found = LogEntry.objects.filter(actor=request.GET["actor"]).order_by("-timestamp")
    return JsonResponse({"rows": list(found.values(*SHOWN)[:50])})


def count(request: HttpRequest) -> JsonResponse:
    """How many entries of an actor there are."""
    return JsonResponse({"rows": LogEntry.objects.filter(actor=request.GET["actor"]).count()})


urlpatterns = [path("entries", entries), path("count", count)]
