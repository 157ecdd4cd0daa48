"""The SHA-256 of each row as it came, on what became of it."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("annotation", "0008_picture_fetches")]

    operations = [
        migrations.AddField("snapshot", "raw_sha256", models.CharField(max_length=64, blank=True, db_default="")),
        migrations.AddField("rejection", "raw_sha256", models.CharField(max_length=64, blank=True, db_default="")),
        migrations.AddIndex(
            "snapshot", models.Index(name="sanitised_snapshots", fields=["batch"], condition=Q(sanitised__gt=0))
        ),
    ]
