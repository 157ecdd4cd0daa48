"""A query whose text is gone for good says since when."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0008_label_conflicts")]
    operations = [migrations.AddField("query", "erased_at", models.DateTimeField(null=True))]
