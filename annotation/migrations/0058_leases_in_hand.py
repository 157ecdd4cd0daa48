"""Cards that are on screens while an installation is brought up to date go on showing what they showed."""

from django.db import migrations

IN_HAND = """
UPDATE annotation_lease l SET prediction_id = t.id FROM annotation_standingprediction t
WHERE t.pair_id = l.pair_id
  AND (l.mode = 'assist' AND l.state = 'live'
       OR l.mode = 'reveal' AND l.state = 'used' AND l.until > now() - interval '1 day')
"""


class Migration(migrations.Migration):
    dependencies = [("annotation", "0057_the_prediction_of_a_lease")]
    operations = [migrations.RunSQL(IN_HAND, migrations.RunSQL.noop)]
