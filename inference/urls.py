"""Models, their prompts and what they know; runs and trials."""

from django.urls import path

from inference.knowledge import views as knowledge
from inference.playground import prompt_views as prompt
from inference.playground import views as playground
from inference.prelabel import guideline_views as guideline
from inference.prelabel import views as prelabel
from inference.registry import installation_views as installation
from inference.registry import views as registry

urlpatterns = [
    path("p/<slug:slug>/queries/<int:query_id>/guideline/", guideline.guideline, name="guideline"),
    path("p/<slug:slug>/models/", registry.models, name="models"),
    path("p/<slug:slug>/models/<int:version_id>/", registry.model, name="model"),
    path("p/<slug:slug>/models/<int:version_id>/promote/", registry.promote, name="model-promote"),
    path("p/<slug:slug>/models/<int:version_id>/put-back/", registry.put_back, name="model-put-back"),
    path("p/<slug:slug>/models/<int:version_id>/retire/", registry.retire, name="model-retire"),
    path("p/<slug:slug>/models/jobs/<int:job_id>/cancel/", registry.cancel_job, name="model-job-cancel"),
    path("p/<slug:slug>/playground/", playground.playground, name="playground"),
    path("p/<slug:slug>/playground/trials/<int:trial_id>/", playground.trial, name="trial"),
    path("p/<slug:slug>/playground/compare/", playground.compare, name="compare"),
    path("p/<slug:slug>/playground/comparisons/<int:comparison_id>/", playground.comparison, name="comparison"),
    path("p/<slug:slug>/prompts/", prompt.prompts, name="prompts"),
    path("p/<slug:slug>/prompts/put-back/", prompt.put_back, name="prompt-put-back"),
    path("p/<slug:slug>/prompts/<int:prompt_id>/", prompt.prompt, name="prompt"),
    path("p/<slug:slug>/prompts/<int:prompt_id>/activate/", prompt.activate, name="prompt-activate"),
    path("p/<slug:slug>/runs/", prelabel.runs, name="runs"),
    path("p/<slug:slug>/runs/<int:run_id>/", prelabel.run, name="run"),
    path("p/<slug:slug>/runs/<int:run_id>/cancel/", prelabel.cancel, name="run-cancel"),
    path("p/<slug:slug>/runs/<int:run_id>/resume/", prelabel.resume, name="run-resume"),
    path("p/<slug:slug>/runs/<int:run_id>/replay/", prelabel.replay, name="run-replay"),
    path("models/", installation.models, name="installation-models"),
    path("p/<slug:slug>/knowledge/", knowledge.knowledge, name="knowledge"),
    path("p/<slug:slug>/knowledge/new/", knowledge.new, name="knowledge-new"),
    path("p/<slug:slug>/knowledge/import/", knowledge.bring, name="knowledge-import"),
    path("p/<slug:slug>/knowledge/imports/<int:brought_id>/", knowledge.imported, name="knowledge-imported"),
    path(
        "p/<slug:slug>/knowledge/imports/<int:brought_id>/rejected.csv", knowledge.rejected, name="knowledge-rejected"
    ),
    path("p/<slug:slug>/knowledge/<int:card_id>/", knowledge.card, name="knowledge-card"),
]
