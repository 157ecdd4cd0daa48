"""Whether a project is the demo's was written and never read."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("projects", "0006_refusals")]
    operations = [migrations.RemoveField("project", "is_demo")]
