"""The apps' URLs, and the health check."""

from django.urls import include, path

from lore_app.health import health

handler500 = "lore_app.outage.server_error"
urlpatterns = [
    path("health/", health, name="health"),
    path("", include("lore_app.api")),
    path("", include("projects.urls")),
    path("", include("jobs.urls")),
    path("", include("catalogue.urls")),
    path("", include("rules.urls")),
    path("", include("inference.urls")),
    path("", include("annotation.urls")),
    path("", include("evaluation.urls")),
    path("", include("training.urls")),
]
