"""published_rules_are_frozen: a rule version is written when it is published and never changed. It has no state: what is
not published yet is a draft, and a rule that was retired is in no newer rule base version."""

from django.db import migrations, models
from django.db.models import F, Q

from projects.immutability import append_only

WITHOUT_STATE = f"""
DROP TRIGGER published_rules_are_frozen ON rules_ruleversion;
DROP TRIGGER published_rules_no_truncate ON rules_ruleversion;
DROP TRIGGER rule_bases_pin_published_versions ON rules_rulebaseentry;
DROP TRIGGER publishing_needs_a_second_person ON rules_ruleversion;
DROP FUNCTION published_rules_are_frozen();
DROP FUNCTION rule_bases_pin_published_versions();
{append_only("rules_ruleversion")}

CREATE OR REPLACE FUNCTION publishing_needs_a_second_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.origin <> 'people' THEN RETURN NEW; END IF;
  IF NEW.author_id IS NULL OR NEW.approver_id IS NULL OR NEW.author_id = NEW.approver_id THEN
    RAISE EXCEPTION 'publishing_needs_a_second_person: author and approver must be two people'
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF (SELECT count(*) FROM projects_person WHERE id IN (NEW.author_id, NEW.approver_id) AND is_active) <> 2 THEN
    RAISE EXCEPTION 'publishing_needs_a_second_person: an account is deactivated' USING ERRCODE = 'restrict_violation';
  END IF;
  IF NOT EXISTS (SELECT 1 FROM projects_membership m JOIN projects_project p ON p.id = m.project_id
                 WHERE m.person_id = NEW.approver_id AND m.role = 'rule_owner' AND p.archived_at IS NULL) THEN
    RAISE EXCEPTION 'publishing_needs_a_second_person: the approver is no rule owner'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER publishing_needs_a_second_person BEFORE INSERT ON rules_ruleversion
  FOR EACH ROW EXECUTE FUNCTION publishing_needs_a_second_person();
"""
TWO_PEOPLE = Q(author__isnull=False, approver__isnull=False) & ~Q(approver=F("author"))


class Migration(migrations.Migration):
    dependencies = [("rules", "0005_packs_by_the_owner"), ("projects", "0002_append_only")]
    operations = [
        migrations.RunSQL(WITHOUT_STATE, migrations.RunSQL.noop),
        migrations.RemoveConstraint("ruleversion", "publishing_needs_a_second_person"),
        migrations.RemoveField("ruleversion", "state"),
        migrations.AddConstraint(
            "ruleversion",
            models.CheckConstraint(name="publishing_needs_a_second_person", condition=Q(origin="pack") | TWO_PEOPLE),
        ),
    ]
