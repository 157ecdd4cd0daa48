"""The rule base, read."""

from django.urls import path

from rules import views

urlpatterns = [
    path("rules/", views.rules, name="rules"),
    path("rules/<str:code>/", views.rule, name="rule"),
]
