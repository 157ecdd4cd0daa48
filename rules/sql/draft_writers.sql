-- Whoever had a hand in a draft, if only by taking a change back, does not publish it. Applied by migration 0006.

CREATE OR REPLACE FUNCTION publisher_had_no_hand_in_the_draft() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state = 'published' AND EXISTS (
    SELECT 1 FROM rules_draftwriter WHERE draft_id = NEW.id AND person_id = NEW.approver_id
  ) THEN
    RAISE EXCEPTION 'publishing_needs_a_second_person: the approver had a hand in the draft'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER publisher_had_no_hand_in_the_draft BEFORE INSERT OR UPDATE ON rules_ruledraft
  FOR EACH ROW EXECUTE FUNCTION publisher_had_no_hand_in_the_draft();
