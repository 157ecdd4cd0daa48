"""Who works."""

from django.urls import path

from jobs import views

urlpatterns = [
    path("workers/", views.workers, name="workers"),
    path("workers/badge/", views.badge, name="workers-badge"),
]
