"""Files brought in, and their pictures."""

from django.urls import path

from catalogue.evidence import views as evidence
from catalogue.importing import views as importing
from catalogue.pictures import image_views as image
from catalogue.pictures import views as pictures

urlpatterns = [
    path("p/<slug:slug>/images/<str:sha256>/<str:size>.webp", image.image, name="image"),
    path("p/<slug:slug>/imports/", importing.imports, name="imports"),
    path("p/<slug:slug>/imports/<int:import_id>/", importing.import_detail, name="import"),
    path("p/<slug:slug>/imports/<int:import_id>/cancel/", importing.cancel, name="import-cancel"),
    path("p/<slug:slug>/imports/<int:import_id>/rejected.csv", importing.rejected, name="import-rejected"),
    path("p/<slug:slug>/imports/<int:import_id>/conflicts.csv", importing.conflicting, name="import-conflicts"),
    path("p/<slug:slug>/remaking/", evidence.remakings, name="remaking"),
    path("p/<slug:slug>/pictures/", pictures.pictures, name="pictures"),
    path("p/<slug:slug>/pictures/retry/", pictures.retry, name="pictures-retry"),
    path("p/<slug:slug>/pictures/cancel/", pictures.cancel, name="pictures-cancel"),
    path("p/<slug:slug>/pictures/words/read/", pictures.read, name="picture-words-read"),
    path("p/<slug:slug>/pictures/words/cancel/", pictures.cancel_reading, name="picture-words-cancel"),
    path("p/<slug:slug>/pictures/sources/", pictures.allow, name="picture-source"),
    path("p/<slug:slug>/pictures/sources/<int:source_id>/remove/", pictures.remove, name="picture-source-remove"),
]
