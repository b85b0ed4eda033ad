-- Who is in the target, and under which UUID: one table per entity that others refer to. A row is here if and only if the
-- target must hold it, so that a join with such a table is what a reference means.

CREATE SCHEMA expected;

CREATE FUNCTION expected.uuid(entity text, legacy_id integer) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  $$ SELECT public.uuid_generate_v5('6ba7b811-9dad-11d1-80b4-00c04fd430c8', entity || ':' || legacy_id::text) $$;

-- Text as a person would have typed it: no blanks around, single ones inside, NULL when nothing is left.
CREATE FUNCTION expected.tidy(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  $$ SELECT nullif(btrim(regexp_replace(t, '\s+', ' ', 'g')), '') $$;

-- JSON kept in a text column: an empty object for nothing, the text itself under `key` for what is no JSON.
CREATE FUNCTION expected.json(t text, key text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF t IS NULL OR t !~ '\S' THEN RETURN '{}'; END IF;
  RETURN t::jsonb;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
  RETURN jsonb_build_object(key, t);
END $$;

CREATE FUNCTION expected.is_uuid(t text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF t ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' THEN RETURN true; END IF;
  PERFORM t::uuid;
  RETURN t IS NOT NULL;
EXCEPTION WHEN data_exception THEN
  RETURN false;
END $$;

-- An address that the target's check accepts, in its form there; NULL otherwise.
CREATE FUNCTION expected.address(email text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT lower(btrim(email)) WHERE lower(btrim(email)) ~ '^[a-z0-9._%+''-]+@[a-z0-9.-]+\.[a-z]{2,}$' $$;

DO $$
DECLARE entity text;
BEGIN
  FOREACH entity IN ARRAY ARRAY['office', 'profile', 'doctor', 'patient', 'case', 'technician', 'team', 'role', 'category',
      'course', 'product', 'order', 'project', 'treatment_plan', 'storage', 'comment', 'note', 'message', 'file', 'template',
      'payment', 'offer'] LOOP
    EXECUTE format('CREATE UNLOGGED TABLE expected.%I (legacy_id integer PRIMARY KEY, id uuid NOT NULL)', 'id_' || entity);
  END LOOP;
END $$;
-- Offices were merged by the earlier migration: several keys then have one id, and the lowest of them is the office.
ALTER TABLE expected.id_office ADD COLUMN owner boolean NOT NULL DEFAULT true;

-- Fills the tables above. `as_found` takes the ids of the entities that an earlier migration may have brought over from the
-- target itself; all others are minted.
CREATE PROCEDURE expected.mint(as_found boolean) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO expected.id_profile SELECT id, expected.uuid('profile', id) FROM legacy.auth_user;
  INSERT INTO expected.id_team SELECT id, expected.uuid('team', id) FROM legacy.auth_group;
  INSERT INTO expected.id_category SELECT id, expected.uuid('category', id) FROM legacy.dispatch_category;
  INSERT INTO expected.id_course SELECT id, expected.uuid('course', id) FROM legacy.dispatch_course;
  INSERT INTO expected.id_product SELECT id, expected.uuid('product', id) FROM legacy.dispatch_product;
  INSERT INTO expected.id_storage SELECT id, expected.uuid('storage', id) FROM legacy.dispatch_storage;
  INSERT INTO expected.id_role SELECT id, expected.uuid('role', id) FROM legacy.dispatch_role;
  INSERT INTO expected.id_template SELECT id, expected.uuid('template', id) FROM legacy.dispatch_template;
  INSERT INTO expected.id_offer SELECT id, expected.uuid('offer', id) FROM legacy.dispatch_offer;
  INSERT INTO expected.id_message SELECT id, expected.uuid('message', id) FROM legacy.dispatch_record;
  INSERT INTO expected.id_payment SELECT id, expected.uuid('payment', id) FROM legacy.dispatch_payment;
  INSERT INTO expected.id_patient SELECT id, expected.uuid('patient', id) FROM legacy.dispatch_patient;
  INSERT INTO expected.id_case SELECT id, expected.uuid('case', id) FROM legacy.dispatch_patient;
  INSERT INTO expected.id_office SELECT id, expected.uuid('office', id) FROM legacy.dispatch_office;

  -- a doctor is who says so (group 2) and whom a patient names as his
  INSERT INTO expected.id_doctor SELECT user_id, expected.uuid('doctor', user_id) FROM (
    SELECT user_id FROM legacy.auth_user_groups WHERE group_id = 2
    UNION SELECT doctor_id FROM legacy.dispatch_patient WHERE doctor_id IS NOT NULL) d;
  INSERT INTO expected.id_technician SELECT user_id, expected.uuid('technician', user_id)
    FROM legacy.auth_user_groups WHERE group_id = 11;

  -- an order needs a doctor, and has that of its patient; soft-deleted ones stay behind
  INSERT INTO expected.id_order SELECT i.id, expected.uuid('order', i.id)
    FROM legacy.dispatch_instruction i JOIN legacy.dispatch_patient p ON p.id = i.patient_id
    WHERE NOT i.deleted AND p.doctor_id IS NOT NULL;

  -- the target's file_uid is a real UUID
  INSERT INTO expected.id_file SELECT id, expected.uuid('file', id) FROM legacy.dispatch_file WHERE expected.is_uuid(uid);
  INSERT INTO expected.id_project SELECT id, expected.uuid('project', id) FROM legacy.dispatch_project
    WHERE expected.is_uuid(uid);
  INSERT INTO expected.id_treatment_plan SELECT p.id, expected.uuid('treatment_plan', p.id)
    FROM legacy.dispatch_plan p JOIN expected.id_project j ON j.legacy_id = p.project_id;

  -- a comment says something
  INSERT INTO expected.id_comment SELECT id, expected.uuid('comment', id) FROM legacy.dispatch_comment WHERE text ~ '\S';
  INSERT INTO expected.id_note SELECT id, expected.uuid('note', id) FROM legacy.dispatch_note WHERE text ~ '\S';

  IF as_found THEN
    UPDATE expected.id_profile SET id = a.id FROM actual.profiles a WHERE a.legacy_user_id = legacy_id;
    UPDATE expected.id_doctor SET id = a.id FROM actual.doctors a WHERE a.legacy_user_id = legacy_id;
    UPDATE expected.id_patient SET id = a.id FROM actual.patients a WHERE a.legacy_patient_id = legacy_id;
    UPDATE expected.id_order SET id = a.id FROM actual.orders a WHERE a.legacy_instruction_id = legacy_id;
    UPDATE expected.id_product SET id = a.id FROM actual.products a WHERE a.legacy_product_id = legacy_id;
    UPDATE expected.id_office SET id = a.id FROM actual.offices a WHERE a.legacy_office_id = legacy_id;
    -- merged away: resolved to an office that another, lower key owns
    UPDATE expected.id_office o SET id = m.new_id, owner = false
      FROM actual.migration_mappings m JOIN actual.offices a ON a.id = m.new_id
      WHERE m.legacy_id = o.legacy_id AND a.legacy_office_id < m.legacy_id;
  END IF;
END $$;
