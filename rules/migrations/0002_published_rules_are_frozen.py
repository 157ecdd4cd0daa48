"""A published rule version may only be retired; a rule base version never changes once it has entries."""

from django.db import migrations

from projects.immutability import append_only

FROZEN = """
CREATE FUNCTION published_rules_are_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.state <> 'draft' THEN
      RAISE EXCEPTION 'published_rules_are_frozen: rule version % may not be deleted', OLD.id
        USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
  END IF;
  IF OLD.state = 'draft' THEN RETURN NEW; END IF;
  IF OLD.state = 'published' AND NEW.state = 'retired'
     AND to_jsonb(OLD) - 'state' = to_jsonb(NEW) - 'state' THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'published_rules_are_frozen: rule version % may not change', OLD.id
    USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER published_rules_are_frozen BEFORE UPDATE OR DELETE ON rules_ruleversion
  FOR EACH ROW EXECUTE FUNCTION published_rules_are_frozen();
CREATE TRIGGER published_rules_no_truncate BEFORE TRUNCATE ON rules_ruleversion
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("rules", "0001_initial"), ("projects", "0002_append_only")]
    operations = [
        migrations.RunSQL(
            FROZEN + append_only("rules_rulebaseversion", "rules_rulebaseentry"), migrations.RunSQL.noop
        ),
    ]
