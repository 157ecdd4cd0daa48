"""publishing_needs_a_second_person, whoever writes the row: roles and accounts are looked at when it is published.

A rule base version pins published versions only. Origin never changes, so that a draft cannot pass for a pack.
"""

from django.db import migrations

TWO_PEOPLE = """
CREATE FUNCTION publishing_needs_a_second_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.origin <> OLD.origin THEN
    RAISE EXCEPTION 'publishing_needs_a_second_person: the origin of rule version % may not change', OLD.id
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.state <> 'published' OR NEW.origin <> 'people' OR (TG_OP = 'UPDATE' AND OLD.state = 'published') THEN
    RETURN NEW;
  END IF;
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
CREATE TRIGGER publishing_needs_a_second_person BEFORE INSERT OR UPDATE ON rules_ruleversion
  FOR EACH ROW EXECUTE FUNCTION publishing_needs_a_second_person();

CREATE FUNCTION rule_bases_pin_published_versions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM rules_ruleversion WHERE id = NEW.version_id AND state = 'published') THEN
    RAISE EXCEPTION 'rule_bases_pin_published_versions: rule version % is not published', NEW.version_id
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER rule_bases_pin_published_versions BEFORE INSERT ON rules_rulebaseentry
  FOR EACH ROW EXECUTE FUNCTION rule_bases_pin_published_versions();
"""


class Migration(migrations.Migration):
    dependencies = [("rules", "0003_drafts_and_remarks"), ("projects", "0004_citations")]
    operations = [migrations.RunSQL(TWO_PEOPLE, migrations.RunSQL.noop)]
