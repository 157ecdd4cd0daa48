"""A frozen hard set and a sealed export leave with their project, through a door (database/doors.py), and no other way."""

from django.db import migrations

TRIGGERS = """
DROP TRIGGER frozen_hard_set ON annotation_hardset;
CREATE TRIGGER frozen_hard_set BEFORE UPDATE OR DELETE ON annotation_hardset
  FOR EACH ROW WHEN (NOT is_forgetting()) EXECUTE FUNCTION frozen_hard_set();
DROP TRIGGER sealed_export_matches_its_manifest ON annotation_export;
CREATE TRIGGER sealed_export_matches_its_manifest BEFORE INSERT OR UPDATE OR DELETE ON annotation_export
  FOR EACH ROW WHEN (NOT is_forgetting()) EXECUTE FUNCTION sealed_export_matches_its_manifest();
"""


class Migration(migrations.Migration):
    dependencies = [("annotation", "0004_rule_replays"), ("projects", "0008_deletion")]
    operations = [migrations.RunSQL(TRIGGERS, migrations.RunSQL.noop)]
