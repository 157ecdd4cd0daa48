-- A version by people needs two of them, the second a rule owner of the installation. Applied by migration 0003.

-- Who writes the row does not matter: roles and accounts are looked at when a version is published.
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
  IF NOT EXISTS (SELECT 1 FROM projects_person WHERE id = NEW.approver_id AND is_rule_owner) THEN
    RAISE EXCEPTION 'publishing_needs_a_second_person: the approver is no rule owner'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER publishing_needs_a_second_person BEFORE INSERT ON rules_ruleversion
  FOR EACH ROW EXECUTE FUNCTION publishing_needs_a_second_person();
