"""A training."""

from django.urls import path

from training import views

urlpatterns = [
    path("p/<slug:slug>/models/train/", views.train, name="model-train"),
]
