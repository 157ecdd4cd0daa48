"""Knowledge cards, and the models of the installation."""

from django.urls import path

from inference.views import installation, knowledge

urlpatterns = [
    path("models/", installation.models, name="installation-models"),
    path("p/<slug:slug>/knowledge/", knowledge.knowledge, name="knowledge"),
    path("p/<slug:slug>/knowledge/new/", knowledge.new, name="knowledge-new"),
    path("p/<slug:slug>/knowledge/import/", knowledge.bring, name="knowledge-import"),
    path("p/<slug:slug>/knowledge/rejected.csv", knowledge.rejected, name="knowledge-rejected"),
    path("p/<slug:slug>/knowledge/<int:card_id>/", knowledge.card, name="knowledge-card"),
]
