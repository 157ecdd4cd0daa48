"""A canary run, a calibration."""

from django.urls import path

from evaluation import views

urlpatterns = [
    path("p/<slug:slug>/models/<int:version_id>/calibrate/", views.calibrate, name="model-calibrate"),
    path("p/<slug:slug>/models/<int:version_id>/canary/", views.canary, name="model-canary"),
]
