"""A column for every pair, the way an expanding migration adds one: nullable, without a default to write."""

from django.db import migrations


class Migration(migrations.Migration):
    initial = True
    dependencies = [("annotation", "0007_judged_again")]
    operations = [migrations.RunSQL("ALTER TABLE annotation_pair ADD COLUMN of_a_test integer")]
