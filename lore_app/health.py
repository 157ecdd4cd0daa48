"""Is this process able to answer? One query, nothing told to strangers."""

from django.db import Error, connection
from django.http import HttpRequest, JsonResponse


def health(request: HttpRequest) -> JsonResponse:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return JsonResponse({"ok": False}, status=503)
    return JsonResponse({"ok": True})
