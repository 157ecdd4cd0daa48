from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0005_import_report")]
    operations = [
        migrations.AddField("import", "replaced", models.PositiveIntegerField(db_default=0, default=0)),
    ]
