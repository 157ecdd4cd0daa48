"""Finding what a person was refused within the last minute, however long the audit log grows."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("projects", "0005_sessions_and_tokens")]

    operations = [
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(
                fields=["actor", "object_kind", "at"],
                name="refusals_lately",
                condition=models.Q(act="request.refused"),
            ),
        ),
    ]
