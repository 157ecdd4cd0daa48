"""Knowledge cards."""

from django.urls import path

from inference import views

urlpatterns = [
    path("p/<slug:slug>/knowledge/", views.knowledge, name="knowledge"),
    path("p/<slug:slug>/knowledge/new/", views.new, name="knowledge-new"),
    path("p/<slug:slug>/knowledge/import/", views.bring, name="knowledge-import"),
    path("p/<slug:slug>/knowledge/rejected.csv", views.rejected, name="knowledge-rejected"),
    path("p/<slug:slug>/knowledge/<int:card_id>/", views.card, name="knowledge-card"),
]
