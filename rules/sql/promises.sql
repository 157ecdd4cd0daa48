-- What the tables of this app promise beyond their constraints. Applied by migration 0002.

-- What the app's role writes passes two people. `rules_loader` names further roles that may load packs; the app's role can
-- read it and not write it (lore_app.privileges). A rule base version that the app's role writes must, when its transaction
-- ends, be what a draft became that two people published: each entry stands in the draft's base or was approved with it,
-- and what is missing was retired in it.
CREATE TABLE rules_loader (role name PRIMARY KEY);

CREATE FUNCTION may_load_packs() RETURNS boolean LANGUAGE sql STABLE AS
  $$ SELECT current_user <> 'lore_app' OR EXISTS (SELECT 1 FROM rules_loader WHERE role = current_user) $$;

CREATE FUNCTION only_the_owner_loads_packs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.origin = 'pack' AND NOT may_load_packs() THEN
    RAISE EXCEPTION 'only_the_owner_loads_packs: the app''s role may not write a version of a pack'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER only_the_owner_loads_packs BEFORE INSERT ON rules_ruleversion
  FOR EACH ROW EXECUTE FUNCTION only_the_owner_loads_packs();

CREATE FUNCTION rule_bases_come_from_drafts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE draft rules_ruledraft;
BEGIN
  IF may_load_packs() THEN RETURN NULL; END IF;
  SELECT * INTO draft FROM rules_ruledraft
    WHERE published_as_id = NEW.id AND state = 'published' AND approver_id <> author_id;
  IF draft.id IS NULL THEN
    RAISE EXCEPTION 'rule_bases_come_from_drafts: no draft published by a second person became rule base version %', NEW.number
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF EXISTS (
    SELECT 1 FROM rules_rulebaseentry e JOIN rules_ruleversion v ON v.id = e.version_id
    WHERE e.rule_base_id = NEW.id AND (v.origin <> 'people' OR v.approver_id IS DISTINCT FROM draft.approver_id)
      AND NOT EXISTS (SELECT 1 FROM rules_rulebaseentry b
                      WHERE b.rule_base_id = draft.base_id AND b.version_id = e.version_id)
  ) OR EXISTS (
    SELECT 1 FROM rules_rulebaseentry b JOIN rules_rule r ON r.id = b.rule_id
    WHERE b.rule_base_id = draft.base_id
      AND NOT EXISTS (SELECT 1 FROM rules_rulebaseentry e WHERE e.rule_base_id = NEW.id AND e.rule_id = b.rule_id)
      AND NOT EXISTS (SELECT 1 FROM rules_draftedrule d WHERE d.draft_id = draft.id AND d.code = r.code AND d.retires)
  ) THEN
    RAISE EXCEPTION 'rule_bases_come_from_drafts: rule base version % is not what its draft says', NEW.number
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER rule_bases_come_from_drafts AFTER INSERT ON rules_rulebaseversion
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION rule_bases_come_from_drafts();
