"""Whose try it was, and which tries ended nobody knows how: a kill from outside is not held against a job."""

from django.db import migrations, models

JOBS = ("backtest", "export", "import", "modeljob", "picturefetch", "prelabeljob", "trial")


class Migration(migrations.Migration):
    dependencies = [("annotation", "0013_search")]

    operations = [
        migrations.AddField(model_name=job, name=name, field=field)
        for job in JOBS
        for name, field in (
            ("holder", models.UUIDField(null=True)),
            ("vanished", models.PositiveSmallIntegerField(db_default=0)),
        )
    ]
