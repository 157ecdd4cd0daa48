"""A column for every pair, the way an expanding migration adds one: nullable, without a default to write."""

from django.db import migrations


class Migration(migrations.Migration):
    initial = True
    dependencies = [("catalogue", "0001_initial")]
    operations = [migrations.RunSQL("ALTER TABLE catalogue_pair ADD COLUMN of_a_test integer")]
