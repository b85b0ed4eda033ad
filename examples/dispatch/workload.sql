-- Live work of the old application, for tests: CALL workload.run(seed, transactions).
--
-- Every kind of change that a running application makes, each in a transaction of its own, in fixed shares: any 10,000
-- transactions in a row hold every kind. What is done is decided by hashing (seed, number of the transaction), never by
-- random(): the same seed on the same data does the same. Several sessions may run at once with different seeds; a
-- transaction that meets another one (deadlock, a parent just deleted) is tried again with another choice, then skipped.
--
-- An UPDATE here names the columns that change. The application's save() names all of them, which is the same to a reader of
-- the log, where the whole new row stands; only text out of line makes a difference, and L16 writes it both ways.
--
-- The source's constraints hold at every commit, and nothing is made that the target would refuse. Two things need a hand
-- afterwards: L8 gives a doctor to patients whose orders are in quarantine (`agent quarantine retry`), and a run that is
-- broken off leaves promises of L2 open (the next run with the same seed keeps them).
--
-- The schema `workload` is no part of the application and of no publication. Runs on PostgreSQL 12 and newer, as the owner
-- of the legacy tables.

SET client_min_messages = warning;
DROP SCHEMA IF EXISTS workload CASCADE;
RESET client_min_messages;
CREATE SCHEMA workload;

-- executed, and skipped for another session's sake or for want of a row, by session (its seed) and kind
CREATE TABLE workload.session_counts (seed integer, kind text, executed bigint NOT NULL, skipped bigint NOT NULL,
  PRIMARY KEY (seed, kind));
CREATE VIEW workload.counts AS
  SELECT kind, sum(executed)::bigint AS executed, sum(skipped)::bigint AS skipped FROM workload.session_counts GROUP BY kind;
-- parents that are referred to already and still have to be written
CREATE TABLE workload.promise (id bigserial PRIMARY KEY, seed integer NOT NULL, parent text NOT NULL, parent_id integer NOT NULL);
CREATE INDEX ON workload.promise (seed, id);

-- Choices -------------------------------------------------------------------------------------------------------------

-- x is the hash that a transaction was given; every choice in it takes another salt. 60 bits: small multiples still fit.
CREATE FUNCTION workload.h(x bigint, salt integer) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  $$ SELECT hashint8extended(x, salt) & 1152921504606846975 $$;
CREATE FUNCTION workload.at(x bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  $$ SELECT timestamptz '2026-01-05 06:00:00Z' + (x % 7776000000000) * interval '1 microsecond' $$;
CREATE FUNCTION workload.uid(x bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  $$ SELECT CASE WHEN x % 20 = 0 THEN upper(md5(x::text)::uuid::text) ELSE md5(x::text)::uuid::text END $$;
-- short text, one in eight of the kind that breaks careless programs
CREATE FUNCTION workload.words(x bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN x % 8 > 0 THEN 'Note ' || left(md5(x::text), 4 + (x % 24)::integer)
    ELSE (ARRAY[E'first\r\nsecond\tthird', E'a\u00a0b \U0001F9B7 \u00e9 e\u0301', E'it\'s "quoted" \\ \\\\', E'\\.', E'x\n\\.\ny',
                'NULL', E'\\N', '  padded  ', E'trailing\n', '{"a": [1, 2]}'])[1 + (x / 8) % 10] || ' ' || x % 1000 END $$;
CREATE FUNCTION workload.json(x bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN x % 200 > 0 THEN format('{"order": %s, "name": "%s", "list": [1, 2.50, null, true]}', x % 10000, md5(x::text))
    ELSE (ARRAY['{"a":"C:\x41"}', '', '{''a'': None}', '{"a": [1,', '[1, 2, {"b": "\u00e9"}]', '"text"', 'null',
                '{"a": 1, "a": 2}', '12345678901234567890.123', '   '])[1 + (x / 200) % 10] END $$;
-- text that the server stores out of line: 4 to 40 kB that do not compress well
CREATE FUNCTION workload.long_text(x bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  $$ SELECT string_agg(md5((x + i)::text), ' ') FROM generate_series(1, 120 + (x % 1100)::integer) i $$;

-- workload.pick_<table>(x): the id of some row (STABLE, or an index would not be used to find it);
-- workload.new_<table>(): the next id
DO $do$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['auth_user', 'auth_user_groups', 'dispatch_office', 'dispatch_patient', 'dispatch_course',
      'dispatch_product', 'dispatch_role', 'dispatch_role_permissions', 'auth_permission', 'dispatch_jaw',
      'dispatch_instruction', 'dispatch_order', 'dispatch_state', 'dispatch_project', 'dispatch_plan', 'dispatch_bracket',
      'dispatch_comment', 'dispatch_note', 'dispatch_record', 'dispatch_notification', 'dispatch_file', 'dispatch_template',
      'dispatch_template_products', 'dispatch_template_edit_roles', 'dispatch_template_view_roles',
      'dispatch_template_view_groups', 'dispatch_template_predecessors', 'dispatch_task', 'dispatch_payment',
      'dispatch_operation', 'dispatch_offer', 'dispatch_discount', 'dispatch_ware', 'dispatch_storage', 'dispatch_event',
      'dispatch_office_doctors', 'dispatch_category'] LOOP
    EXECUTE format($f$
      CREATE FUNCTION workload.%I(x bigint) RETURNS integer LANGUAGE plpgsql STABLE AS $$
      DECLARE low bigint := (SELECT min(id) FROM public.%2$I); high bigint := (SELECT max(id) FROM public.%2$I);
      BEGIN
        RETURN (SELECT id FROM public.%2$I WHERE id >= low + x %% (high - low + 1) ORDER BY id LIMIT 1);
      END $$;
      CREATE FUNCTION workload.%3$I() RETURNS integer LANGUAGE sql AS
        $$ SELECT nextval('public.%4$I')::integer $$;
    $f$, 'pick_' || t, t, 'new_' || t, t || '_id_seq');
  END LOOP;
END $do$;

CREATE FUNCTION workload.type_id(app text, name text) RETURNS integer LANGUAGE sql STABLE AS
  $$ SELECT id FROM public.django_content_type WHERE app_label = app AND model = name $$;
-- a patient whose orders the target takes
CREATE FUNCTION workload.pick_treated_patient(x bigint) RETURNS integer LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT id FROM public.dispatch_patient WHERE id >= workload.pick_dispatch_patient(x) AND doctor_id IS NOT NULL
                   ORDER BY id LIMIT 1),
                  (SELECT id FROM public.dispatch_patient WHERE doctor_id IS NOT NULL ORDER BY id LIMIT 1)) $$;
CREATE FUNCTION workload.pick_doctor(x bigint) RETURNS integer LANGUAGE sql STABLE AS
  $$ SELECT doctor_id FROM public.dispatch_patient WHERE id = workload.pick_treated_patient(x) $$;

-- Rows ----------------------------------------------------------------------------------------------------------------

CREATE PROCEDURE workload.write_user(new_id integer, x bigint) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO auth_user VALUES (new_id, 'pbkdf2_sha256$150000$' || md5(x::text), NULL, false, 'live' || new_id,
    (ARRAY['Ana', 'José', ' Li ', 'null', ''])[1 + x % 5], (ARRAY['Silva', 'Núñez', 'van  Dyk'])[1 + (x / 5) % 3],
    CASE WHEN x % 10 = 0 THEN '' WHEN x % 11 = 0 THEN 'nobody' ELSE 'Live.' || new_id || '@Example.COM ' END,
    x % 50 = 0, x % 9 > 0, workload.at(x));
END $$;

CREATE PROCEDURE workload.write_patient(new_id integer, user_id integer, x bigint) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO dispatch_patient VALUES (new_id, user_id, workload.pick_doctor(workload.h(x, 1)),
    CASE WHEN x % 20 > 0 THEN workload.pick_dispatch_office(workload.h(x, 2)) END, date '1990-01-01' + (x % 9000)::integer,
    (ARRAY[0, 1, 2, NULL])[1 + x % 4], CASE WHEN x % 7 > 0 THEN lpad(upper(to_hex(x % 65536)), 4, '0') END,
    (ARRAY[1, 4, 2, 10])[1 + x % 4], x % 30 = 0, x % 40 = 0, workload.at(x), workload.at(x), workload.json(x));
END $$;

CREATE PROCEDURE workload.write_jaw(new_id integer, x bigint) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO dispatch_jaw VALUES (new_id, CASE WHEN x % 30 = 0 THEN '' ELSE (x % 65536)::bit(16)::text END,
    ((x / 7) % 65536)::bit(16)::text, CASE WHEN x % 5 < 3 THEN 1 + x % 3 END,
    CASE WHEN x % 3 > 0 THEN workload.pick_dispatch_product(workload.h(x, 1)) END, x % 2 = 0);
END $$;

CREATE PROCEDURE workload.write_instruction(new_id integer, patient integer, upper_jaw integer, lower_jaw integer, x bigint)
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO dispatch_instruction (id, patient_id, course_id, status, deleted, submitted_at, updated_at, suffix, "order",
    upper_jaw_id, lower_jaw_id, cbct, model, scanner, scanner_notes, objective, conditions, notes, complaint, comprehensive,
    accept_extraction, exports)
  VALUES (new_id, patient, workload.pick_dispatch_course(workload.h(x, 1)), (ARRAY[0, 1, 1, 2, 4, 9])[1 + x % 6], false,
    workload.at(x), workload.at(x), nullif(left(md5(x::text), (x % 8)::integer), ''), 1 + x % 9, upper_jaw, lower_jaw,
    x % 4 = 0, x % 4, NULL, '', workload.words(x), '', workload.words(x / 3), NULL, x % 2 = 0, NULL,
    CASE WHEN x % 3 = 0 THEN workload.json(x) ELSE '{}' END);
END $$;

CREATE PROCEDURE workload.write_project(new_id integer, x bigint) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO dispatch_project VALUES (new_id, workload.uid(workload.h(new_id, 77)), workload.words(x), x % 1000000, workload.at(x),
    x % 2 = 0, x % 13, x % 4, CASE WHEN x % 8 > 0 THEN workload.pick_auth_user(workload.h(x, 1)) END);
END $$;

CREATE PROCEDURE workload.write_plan(new_id integer, instruction integer, project integer, x bigint) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO dispatch_plan VALUES (new_id, instruction, project, CASE WHEN x % 12 = 0 THEN '' WHEN x % 60 = 1
    THEN left(repeat(workload.words(x) || ' ', 40), 200) ELSE 'Plan ' || x % 100 END, x % 6, workload.words(x), x % 4 = 0);
END $$;

CREATE PROCEDURE workload.write_task(new_id integer, instruction integer, plan integer, file integer, x bigint) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO dispatch_task VALUES (new_id, workload.pick_dispatch_template(workload.h(x, 1)), instruction, plan,
    CASE WHEN x % 10 = 0 THEN (x % 9000)::integer END, file, CASE WHEN x % 3 > 0 THEN workload.pick_auth_user(workload.h(x, 2)) END,
    x % 5 = 0, CASE WHEN x % 4 = 0 THEN workload.at(x) END, CASE WHEN x % 3 = 0 THEN workload.words(x) END,
    (ARRAY[0, 1, 2, NULL])[1 + x % 4]);
END $$;

CREATE PROCEDURE workload.write_file(new_id integer, instruction integer, record integer, x bigint) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO dispatch_file VALUES (new_id, workload.uid(workload.h(new_id, 78)), nullif(workload.words(x), ''),
    (ARRAY['.stl', '.JPG', '.pdf', '.zip', 'png', '.Dcm', NULL, '.xyz'])[1 + x % 8], x % 5000000, 1 + x % 17, x % 2, instruction,
    record, CASE WHEN x % 50 = 0 THEN workload.pick_dispatch_product(workload.h(x, 1)) END, workload.words(x / 5),
    CASE WHEN x % 2 = 0 THEN '' ELSE workload.json(x) END, workload.at(x));
END $$;

CREATE PROCEDURE workload.write_record(new_id integer, content text, x bigint) LANGUAGE plpgsql AS $$
DECLARE about_patient boolean := x % 10 < 6;
BEGIN
  INSERT INTO dispatch_record VALUES (new_id, (ARRAY[3, 5, 6, 8])[1 + x % 4],
    CASE WHEN about_patient THEN workload.type_id('dispatch', 'patient') WHEN x % 10 < 9 THEN workload.type_id('auth', 'user') END,
    CASE WHEN about_patient THEN workload.pick_dispatch_patient(workload.h(x, 1)) ELSE workload.pick_auth_user(workload.h(x, 1)) END,
    CASE WHEN x % 100 > 0 THEN workload.pick_auth_user(workload.h(x, 2)) END, NULL, content, x % 3 = 0, workload.at(x));
END $$;

CREATE PROCEDURE workload.write_notification(new_id integer, instruction integer, x bigint) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO dispatch_notification VALUES (new_id, workload.at(x), CASE WHEN x % 10 = 0 THEN '' ELSE 'robot@example.com' END,
    (ARRAY['order_shipped', 'plan_ready', 'task_done', 'new_comment'])[1 + x % 4], workload.json(x), false,
    CASE WHEN x % 5 = 0 THEN true END, x % 3 > 0, workload.pick_auth_user(workload.h(x, 1)),
    CASE WHEN instruction IS NOT NULL THEN workload.type_id('dispatch', 'instruction')
         WHEN x % 2 = 0 THEN workload.type_id('dispatch', 'plan') END,
    coalesce(instruction, CASE WHEN x % 2 = 0 THEN workload.pick_dispatch_plan(workload.h(x, 2)) END));
END $$;

CREATE PROCEDURE workload.write_payment(new_id integer, instruction integer, x bigint) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO dispatch_payment (id, made_at, free, paid, canceled, netsuite, tax_rate, tax_value, paid_price, custom_price,
    subtotal_price, additional_price, total_price, used_credit, installments, doctor_id, office_id, instruction_id, order_id)
  VALUES (new_id, NULL, x % 11 = 0, false, false, x % 13 = 0, CASE WHEN x % 5 > 0 THEN 10.25 END, (x % 5000) / 100.0, 0,
    CASE WHEN x % 9 = 0 THEN 12.5 END, (x % 100000) / 100.0, 0, (x % 105000) / 100.0, 0,
    CASE WHEN x % 10 = 0 THEN workload.json(x) ELSE '' END,
    CASE WHEN x % 100 > 0 THEN workload.pick_doctor(workload.h(x, 1)) END,
    CASE WHEN x % 8 > 0 THEN workload.pick_dispatch_office(workload.h(x, 2)) END, instruction,
    CASE WHEN x % 2 = 0 THEN workload.pick_dispatch_order(workload.h(x, 3)) END);
END $$;

CREATE PROCEDURE workload.write_operation(payment integer, x bigint) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO dispatch_operation (id, type, made_at, price, payment_id, sq_order_id, sq_payment_id, sq_refund_id, card_brand,
    card_bin, card_last, office_card, attempts)
  VALUES (workload.new_dispatch_operation(), 1 + (x % 16 = 0)::integer, workload.at(x), (x % 100000) / 100.0, payment,
    md5(x::text), '', NULL, 'VISA', '411111', lpad((x % 10000)::text, 4, '0'), x % 2 = 0, 1 + x % 3);
END $$;

-- Kinds: each returns whether there was something to do ---------------------------------------------------------------

-- plain: what comes in on any day
CREATE FUNCTION workload.plain(x bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE a integer; b integer; c integer;
BEGIN
  CASE workload.h(x, 1) % 16
  WHEN 0 THEN
    a := workload.new_auth_user();
    CALL workload.write_user(a, x);
    INSERT INTO auth_user_groups VALUES (workload.new_auth_user_groups(), a, (ARRAY[1, 2, 3, 5, 11])[1 + x % 5]);
  WHEN 1 THEN
    a := workload.new_auth_user(); b := workload.new_dispatch_patient();
    CALL workload.write_user(a, x);
    CALL workload.write_patient(b, a, x);
  WHEN 2, 3 THEN
    a := workload.new_dispatch_jaw(); b := workload.new_dispatch_jaw(); c := workload.new_dispatch_instruction();
    CALL workload.write_jaw(a, x);
    CALL workload.write_jaw(b, x / 2);
    CALL workload.write_instruction(c, workload.pick_treated_patient(workload.h(x, 2)), a, CASE WHEN x % 4 > 0 THEN b END, x);
    INSERT INTO dispatch_state VALUES (workload.new_dispatch_state(), 11 + x % 2, true, workload.at(x),
      workload.pick_auth_user(workload.h(x, 3)), c);
  WHEN 4 THEN
    a := workload.pick_dispatch_instruction(workload.h(x, 2));
    UPDATE dispatch_instruction SET status = (ARRAY[1, 2, 4])[1 + x % 3], notes = workload.words(x), updated_at = workload.at(x)
      WHERE id = a;
    INSERT INTO dispatch_state VALUES (workload.new_dispatch_state(), 11 + x % 2, x % 3 = 0, workload.at(x), NULL, a);
  WHEN 5, 6, 7 THEN
    CALL workload.write_file(workload.new_dispatch_file(),
      CASE WHEN x % 2 = 0 THEN workload.pick_dispatch_instruction(workload.h(x, 2)) END,
      CASE WHEN x % 3 = 0 THEN workload.pick_dispatch_record(workload.h(x, 3)) END, x);
  WHEN 8 THEN
    a := workload.new_dispatch_project();
    CALL workload.write_project(a, x);
    CALL workload.write_plan(workload.new_dispatch_plan(), workload.pick_dispatch_instruction(workload.h(x, 2)), a, x);
    INSERT INTO dispatch_bracket VALUES (workload.new_dispatch_bracket(), workload.words(x), a, x % 4);
  WHEN 9, 10 THEN
    INSERT INTO dispatch_comment VALUES (workload.new_dispatch_comment(), workload.at(x),
      CASE WHEN x % 25 > 0 THEN workload.words(x) ELSE E' \n' END, workload.pick_auth_user(workload.h(x, 2)),
      workload.pick_dispatch_plan(workload.h(x, 3)));
  WHEN 11 THEN
    INSERT INTO dispatch_note VALUES (workload.new_dispatch_note(), workload.at(x), CASE WHEN x % 20 > 0 THEN workload.words(x) END,
      workload.pick_auth_user(workload.h(x, 2)), workload.pick_auth_user(workload.h(x, 3)));
  WHEN 12 THEN
    CALL workload.write_record(workload.new_dispatch_record(), CASE WHEN x % 20 > 0 THEN workload.words(x) END, x);
  WHEN 13 THEN
    IF x % 4 = 0 THEN
      INSERT INTO dispatch_office VALUES (workload.new_dispatch_office(), workload.words(x), '1 Main  St', '', 'Town', 'CA', '0801',
        CASE WHEN x % 3 > 0 THEN 'USA' END, '+1 (555) 010-' || x % 10000, 8.38, x % 5 > 0, NULL, x % 2 = 0);
    ELSE
      UPDATE dispatch_office SET phone = '+44 ' || x % 100000, valid = NOT valid, tax_rate = (x % 2500) / 100.0
        WHERE id = workload.pick_dispatch_office(workload.h(x, 2));
    END IF;
  WHEN 14 THEN
    -- a comment that becomes blank leaves, one that is filled in comes
    UPDATE dispatch_comment SET text = CASE WHEN x % 3 = 0 THEN '' ELSE workload.words(x) END
      WHERE id = workload.pick_dispatch_comment(workload.h(x, 2));
  ELSE
    UPDATE auth_user SET last_login = workload.at(x), first_name = (ARRAY['Eva', ' eva ', 'null', ''])[1 + x % 4],
        email = CASE WHEN x % 3 = 0 THEN 'no mail' ELSE ' User' || id || '@Mail.Example.org' END, is_active = x % 7 > 0
      WHERE id = workload.pick_auth_user(workload.h(x, 2));
    INSERT INTO dispatch_event VALUES (workload.new_dispatch_event(), 'login', '{}', workload.at(x), NULL);
  END CASE;
  RETURN true;
END $$;

-- L1: the parent after the child, in one transaction
CREATE FUNCTION workload.l1(x bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE a integer; b integer; c integer; d integer;
BEGIN
  CASE workload.h(x, 1) % 4
  WHEN 0 THEN
    a := workload.new_auth_user(); b := workload.new_dispatch_patient();
    INSERT INTO auth_user_groups VALUES (workload.new_auth_user_groups(), a, 1);
    CALL workload.write_patient(b, a, x);
    CALL workload.write_user(a, x);
  WHEN 1 THEN
    a := workload.new_dispatch_instruction(); b := workload.new_dispatch_file(); c := workload.new_dispatch_jaw();
    d := workload.new_dispatch_plan();
    CALL workload.write_task(workload.new_dispatch_task(), a, d, b, x);
    CALL workload.write_file(b, a, NULL, x);
    CALL workload.write_notification(workload.new_dispatch_notification(), a, x);
    CALL workload.write_instruction(a, workload.pick_treated_patient(workload.h(x, 2)), CASE WHEN x % 2 = 0 THEN c END,
      CASE WHEN x % 2 = 1 THEN c END, x);
    CALL workload.write_plan(d, a, workload.pick_dispatch_project(workload.h(x, 3)), x);
    CALL workload.write_jaw(c, x);
  WHEN 2 THEN
    a := workload.new_dispatch_project(); b := workload.new_dispatch_plan();
    INSERT INTO dispatch_comment VALUES (workload.new_dispatch_comment(), workload.at(x), workload.words(x), NULL, b);
    CALL workload.write_plan(b, workload.pick_dispatch_instruction(workload.h(x, 2)), a, x);
    CALL workload.write_project(a, x);
  ELSE
    a := workload.new_dispatch_payment(); b := workload.new_dispatch_record();
    CALL workload.write_operation(a, x);
    CALL workload.write_file(workload.new_dispatch_file(), NULL, b, x);
    CALL workload.write_payment(a, workload.pick_dispatch_instruction(workload.h(x, 2)), x);
    CALL workload.write_record(b, workload.words(x), x);
  END CASE;
  RETURN true;
END $$;

-- L2, first half: children whose parent is not there at commit
CREATE FUNCTION workload.l2_promise(x bigint, seed integer) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE parent text := (ARRAY['instruction', 'plan', 'record', 'file', 'patient'])[1 + workload.h(x, 1) % 5]; p integer;
BEGIN
  CASE parent
  WHEN 'instruction' THEN
    p := workload.new_dispatch_instruction();
    INSERT INTO dispatch_state VALUES (workload.new_dispatch_state(), 11, true, workload.at(x), NULL, p);
    CALL workload.write_task(workload.new_dispatch_task(), p, NULL, NULL, x);
    CALL workload.write_plan(workload.new_dispatch_plan(), p, workload.pick_dispatch_project(workload.h(x, 2)), x);
    CALL workload.write_notification(workload.new_dispatch_notification(), p, 3 * x + 5);
  WHEN 'plan' THEN
    p := workload.new_dispatch_plan();
    INSERT INTO dispatch_comment VALUES (workload.new_dispatch_comment(), workload.at(x), workload.words(x), NULL, p);
    CALL workload.write_task(workload.new_dispatch_task(), workload.pick_dispatch_instruction(workload.h(x, 2)), p, NULL, x);
  WHEN 'record' THEN
    p := workload.new_dispatch_record();
    CALL workload.write_file(workload.new_dispatch_file(), NULL, p, x);
  WHEN 'file' THEN
    p := workload.new_dispatch_file();
    CALL workload.write_task(workload.new_dispatch_task(), NULL, NULL, p, x);
  ELSE
    p := workload.new_dispatch_patient();
    INSERT INTO dispatch_record VALUES (workload.new_dispatch_record(), 5, workload.type_id('dispatch', 'patient'), p, NULL, NULL,
      workload.words(x), true, workload.at(x));
  END CASE;
  INSERT INTO workload.promise (seed, parent, parent_id) VALUES (seed, parent, p);
  RETURN true;
END $$;

-- L2, second half: the parent of this session's oldest promise
CREATE FUNCTION workload.l2_keep(x bigint, of_seed integer) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE p workload.promise; u integer;
BEGIN
  DELETE FROM workload.promise WHERE id = (SELECT id FROM workload.promise WHERE seed = of_seed ORDER BY id LIMIT 1)
    RETURNING * INTO p;
  CASE p.parent
  WHEN 'instruction' THEN
    CALL workload.write_instruction(p.parent_id, workload.pick_treated_patient(workload.h(x, 2)), NULL, NULL, x);
  WHEN 'plan' THEN
    CALL workload.write_plan(p.parent_id, workload.pick_dispatch_instruction(workload.h(x, 2)),
      workload.pick_dispatch_project(workload.h(x, 3)), x);
  WHEN 'record' THEN CALL workload.write_record(p.parent_id, workload.words(x), x);
  WHEN 'file' THEN CALL workload.write_file(p.parent_id, NULL, NULL, x);
  WHEN 'patient' THEN
    u := workload.new_auth_user();
    CALL workload.write_patient(p.parent_id, u, x);
    CALL workload.write_user(u, x);
  ELSE RETURN false;
  END CASE;
  RETURN true;
END $$;

-- L3: notifications come, are sent, are read (the flips touch one row and check no key: see workload.run)
CREATE FUNCTION workload.l3(x bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  CASE x % 3
  WHEN 0 THEN
    CALL workload.write_notification(workload.new_dispatch_notification(),
      CASE WHEN x % 10 < 3 THEN workload.pick_dispatch_instruction(workload.h(x, 2)) END, x);
  WHEN 1 THEN
    UPDATE dispatch_notification SET sent = CASE WHEN x % 40 = 0 THEN NULL ELSE true END
      WHERE id = workload.pick_dispatch_notification(workload.h(x, 2));
  ELSE
    UPDATE dispatch_notification SET "read" = NOT "read" WHERE id = workload.pick_dispatch_notification(workload.h(x, 2));
  END CASE;
  RETURN true;
END $$;

-- L4: tasks come, are done and undone
CREATE FUNCTION workload.l4(x bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  CASE x % 3
  WHEN 0 THEN
    CALL workload.write_task(workload.new_dispatch_task(),
      CASE WHEN x % 7 > 0 THEN workload.pick_dispatch_instruction(workload.h(x, 2)) END,
      CASE WHEN x % 2 = 0 THEN workload.pick_dispatch_plan(workload.h(x, 3)) END,
      CASE WHEN x % 5 = 0 THEN workload.pick_dispatch_file(workload.h(x, 4)) END, x);
  WHEN 1 THEN
    UPDATE dispatch_task SET checked = NOT checked, done_at = CASE WHEN NOT checked THEN workload.at(x) END
      WHERE id = workload.pick_dispatch_task(workload.h(x, 2));
  ELSE
    UPDATE dispatch_task SET done_at = CASE WHEN done_at IS NULL THEN workload.at(x) END
      WHERE id = workload.pick_dispatch_task(workload.h(x, 2));
  END CASE;
  RETURN true;
END $$;

-- L5: payments are made, canceled, and find their instruction later
CREATE FUNCTION workload.l5(x bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE a integer;
BEGIN
  CASE workload.h(x, 1) % 4
  WHEN 0 THEN
    a := workload.new_dispatch_payment();
    CALL workload.write_payment(a, NULL, x);
    CALL workload.write_operation(a, x);
  WHEN 1 THEN
    SELECT id INTO a FROM dispatch_payment WHERE instruction_id IS NULL ORDER BY id DESC LIMIT 1;
    IF a IS NULL THEN RETURN false; END IF;
    UPDATE dispatch_payment SET instruction_id = workload.pick_dispatch_instruction(workload.h(x, 3)) WHERE id = a;
  WHEN 2 THEN
    UPDATE dispatch_payment SET canceled = NOT canceled WHERE id = workload.pick_dispatch_payment(workload.h(x, 2));
  ELSE
    UPDATE dispatch_payment SET paid = true, paid_price = total_price, made_at = workload.at(x)
      WHERE id = workload.pick_dispatch_payment(workload.h(x, 2));
  END CASE;
  RETURN true;
END $$;

-- L6: instructions are soft-deleted and restored
CREATE FUNCTION workload.l6_delete(x bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  UPDATE dispatch_instruction SET deleted = true, updated_at = workload.at(x)
    WHERE id = (SELECT id FROM dispatch_instruction WHERE id >= workload.pick_dispatch_instruction(x) AND NOT deleted
                ORDER BY id LIMIT 1);
  RETURN FOUND;
END $$;
CREATE FUNCTION workload.l6_restore(x bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE start integer := workload.pick_dispatch_instruction(x);
BEGIN
  UPDATE dispatch_instruction SET deleted = false, updated_at = workload.at(x)
    WHERE id = (SELECT i.id FROM dispatch_instruction i JOIN dispatch_patient p ON p.id = i.patient_id AND p.doctor_id IS NOT NULL
                WHERE i.deleted ORDER BY i.id < start, i.id LIMIT 1);
  RETURN FOUND;
END $$;

-- L7: a patient goes to another doctor (one in five to somebody who was none), or to another office, or to none
CREATE FUNCTION workload.l7(x bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF x % 2 = 0 THEN
    UPDATE dispatch_patient SET updated_at = workload.at(x),
        doctor_id = CASE WHEN x % 5 = 0 THEN workload.pick_auth_user(workload.h(x, 2)) ELSE workload.pick_doctor(workload.h(x, 2)) END
      WHERE id = workload.pick_treated_patient(workload.h(x, 1));
  ELSE
    UPDATE dispatch_patient SET updated_at = workload.at(x),
        office_id = CASE WHEN x % 5 > 0 THEN workload.pick_dispatch_office(workload.h(x, 2)) END
      WHERE id = workload.pick_dispatch_patient(workload.h(x, 1));
  END IF;
  RETURN FOUND;
END $$;

-- L8: a patient without doctor gets one; when all have theirs, one without comes in
CREATE FUNCTION workload.l8(x bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE p integer; u integer;
BEGIN
  SELECT id INTO p FROM dispatch_patient WHERE doctor_id IS NULL ORDER BY id LIMIT 1;
  IF FOUND THEN
    UPDATE dispatch_patient SET doctor_id = workload.pick_doctor(workload.h(x, 2)) WHERE id = p;
  ELSE
    u := workload.new_auth_user(); p := workload.new_dispatch_patient();
    CALL workload.write_user(u, x);
    CALL workload.write_patient(p, u, x);
    UPDATE dispatch_patient SET doctor_id = NULL WHERE id = p;
  END IF;
  RETURN true;
END $$;

-- L9: users enter and leave groups, become staff
CREATE FUNCTION workload.l9(x bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE u integer := workload.pick_auth_user(workload.h(x, 1)); g integer := (ARRAY[2, 2, 11, 4, 5, 3])[1 + x % 6];
BEGIN
  IF x % 5 = 0 THEN
    UPDATE auth_user SET is_staff = NOT is_staff WHERE id = u;
  ELSE
    IF x % 3 = 0 THEN u := (SELECT user_id FROM auth_user_groups WHERE id = workload.pick_auth_user_groups(workload.h(x, 2))); END IF;
    DELETE FROM auth_user_groups WHERE user_id = u AND (x % 3 = 0 OR group_id = g);
    IF NOT FOUND THEN
      INSERT INTO auth_user_groups VALUES (workload.new_auth_user_groups(), u, g);
    END IF;
  END IF;
  RETURN true;
END $$;

-- L10: jaws change their side or their owner
CREATE FUNCTION workload.l10(x bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE a dispatch_instruction; b dispatch_instruction;
BEGIN
  SELECT * INTO a FROM dispatch_instruction WHERE id >= workload.pick_dispatch_instruction(workload.h(x, 1))
    AND upper_jaw_id IS NOT NULL ORDER BY id LIMIT 1;
  SELECT * INTO b FROM dispatch_instruction WHERE id > a.id AND upper_jaw_id IS NOT NULL ORDER BY id LIMIT 1;
  CASE x % 3
  WHEN 0 THEN
    UPDATE dispatch_instruction SET upper_jaw_id = lower_jaw_id, lower_jaw_id = upper_jaw_id WHERE id = a.id;
  WHEN 1 THEN
    IF b.id IS NULL THEN RETURN false; END IF;
    UPDATE dispatch_instruction SET upper_jaw_id = NULL WHERE id IN (a.id, b.id);
    UPDATE dispatch_instruction SET upper_jaw_id = b.upper_jaw_id WHERE id = a.id;
    UPDATE dispatch_instruction SET upper_jaw_id = a.upper_jaw_id WHERE id = b.id;
  ELSE
    -- given away and not replaced; what the other had is owned by nobody then
    IF b.id IS NULL THEN RETURN false; END IF;
    UPDATE dispatch_instruction SET upper_jaw_id = NULL WHERE id = a.id;
    UPDATE dispatch_instruction SET upper_jaw_id = a.upper_jaw_id WHERE id = b.id;
  END CASE;
  RETURN FOUND;
END $$;

-- L11: a form is saved: its pairs are deleted and inserted again, with new ids, one of them perhaps gone
CREATE FUNCTION workload.l11(x bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE t integer := workload.pick_dispatch_template(workload.h(x, 1)); others integer[];
BEGIN
  IF x % 6 < 5 THEN PERFORM FROM dispatch_template WHERE id = t FOR UPDATE; END IF;
  CASE x % 6
  WHEN 0 THEN
    others := ARRAY(SELECT product_id FROM dispatch_template_products WHERE template_id = t ORDER BY id OFFSET x % 10 / 9);
    others := others || CASE WHEN x % 7 = 0 THEN workload.pick_dispatch_product(workload.h(x, 2)) END;
    DELETE FROM dispatch_template_products WHERE template_id = t;
    INSERT INTO dispatch_template_products SELECT workload.new_dispatch_template_products(), t, o
      FROM (SELECT DISTINCT unnest(others) AS o ORDER BY 1) p WHERE o IS NOT NULL;
  WHEN 1 THEN
    others := ARRAY(SELECT role_id FROM dispatch_template_edit_roles WHERE template_id = t ORDER BY id OFFSET x % 10 / 9);
    others := others || CASE WHEN x % 7 = 0 THEN workload.pick_dispatch_role(workload.h(x, 2)) END;
    DELETE FROM dispatch_template_edit_roles WHERE template_id = t;
    INSERT INTO dispatch_template_edit_roles SELECT workload.new_dispatch_template_edit_roles(), t, o
      FROM (SELECT DISTINCT unnest(others) AS o ORDER BY 1) p WHERE o IS NOT NULL;
  WHEN 2 THEN
    others := ARRAY(SELECT role_id FROM dispatch_template_view_roles WHERE template_id = t ORDER BY id OFFSET x % 10 / 9);
    others := others || CASE WHEN x % 7 = 0 THEN workload.pick_dispatch_role(workload.h(x, 2)) END;
    DELETE FROM dispatch_template_view_roles WHERE template_id = t;
    INSERT INTO dispatch_template_view_roles SELECT workload.new_dispatch_template_view_roles(), t, o
      FROM (SELECT DISTINCT unnest(others) AS o ORDER BY 1) p WHERE o IS NOT NULL;
  WHEN 3 THEN
    others := ARRAY(SELECT group_id FROM dispatch_template_view_groups WHERE template_id = t ORDER BY id OFFSET x % 10 / 9);
    others := others || CASE WHEN x % 7 = 0 THEN 3 END;
    DELETE FROM dispatch_template_view_groups WHERE template_id = t;
    INSERT INTO dispatch_template_view_groups SELECT workload.new_dispatch_template_view_groups(), t, o
      FROM (SELECT DISTINCT unnest(others) AS o ORDER BY 1) p WHERE o IS NOT NULL;
  WHEN 4 THEN
    others := ARRAY(SELECT from_template_id FROM dispatch_template_predecessors WHERE to_template_id = t ORDER BY id OFFSET x % 10 / 9);
    others := others || CASE WHEN x % 7 = 0 THEN workload.pick_dispatch_template(workload.h(x, 2)) END;
    DELETE FROM dispatch_template_predecessors WHERE to_template_id = t;
    INSERT INTO dispatch_template_predecessors SELECT workload.new_dispatch_template_predecessors(), o, t
      FROM (SELECT DISTINCT unnest(others) AS o ORDER BY 1) p WHERE o IS NOT NULL;
  ELSE
    t := workload.pick_dispatch_role(workload.h(x, 1));
    PERFORM FROM dispatch_role WHERE id = t FOR UPDATE;
    others := ARRAY(SELECT permission_id FROM dispatch_role_permissions WHERE role_id = t ORDER BY id OFFSET x % 10 / 9);
    others := others || CASE WHEN x % 7 = 0 THEN workload.pick_auth_permission(workload.h(x, 2)) END;
    DELETE FROM dispatch_role_permissions WHERE role_id = t;
    INSERT INTO dispatch_role_permissions SELECT workload.new_dispatch_role_permissions(), t, o
      FROM (SELECT DISTINCT unnest(others) AS o ORDER BY 1) p WHERE o IS NOT NULL;
  END CASE;
  RETURN true;
END $$;

-- An account with everything that is its own; what only mentions the person forgets it. Children first, as the application
-- deletes, or last, since keys are checked at commit.
CREATE PROCEDURE workload.delete_account(u integer, parent_first boolean) LANGUAGE plpgsql AS $$
DECLARE
  patients integer[] := ARRAY(SELECT id FROM dispatch_patient WHERE user_id = u);
  instructions integer[] := ARRAY(SELECT id FROM dispatch_instruction WHERE patient_id = ANY (patients));
  jaws integer[] := ARRAY(SELECT unnest(ARRAY[upper_jaw_id, lower_jaw_id]) FROM dispatch_instruction WHERE id = ANY (instructions));
  settings integer[] := ARRAY(SELECT id FROM dispatch_doctorsetting WHERE user_id = u);
  files integer[] := ARRAY(SELECT id FROM dispatch_file WHERE instruction_id = ANY (instructions));
BEGIN
  IF parent_first THEN DELETE FROM auth_user WHERE id = u; END IF;
  DELETE FROM dispatch_comment WHERE plan_id IN (SELECT id FROM dispatch_plan WHERE instruction_id = ANY (instructions));
  DELETE FROM dispatch_reading WHERE user_id = u;
  DELETE FROM dispatch_plan WHERE instruction_id = ANY (instructions);
  DELETE FROM dispatch_task WHERE instruction_id = ANY (instructions);
  DELETE FROM dispatch_state WHERE instruction_id = ANY (instructions);
  DELETE FROM dispatch_record_attachments WHERE file_id = ANY (files);
  DELETE FROM dispatch_file WHERE id = ANY (files);
  UPDATE dispatch_payment SET instruction_id = NULL WHERE instruction_id = ANY (instructions);
  IF parent_first THEN DELETE FROM dispatch_jaw WHERE id = ANY (jaws); END IF;
  DELETE FROM dispatch_instruction WHERE id = ANY (instructions);
  IF NOT parent_first THEN
    DELETE FROM dispatch_jaw j WHERE id = ANY (jaws)
      AND NOT EXISTS (SELECT FROM dispatch_instruction WHERE upper_jaw_id = j.id OR lower_jaw_id = j.id);
  END IF;
  DELETE FROM dispatch_patient WHERE id = ANY (patients);
  DELETE FROM dispatch_doctorsetting_masters WHERE user_id = u OR doctorsetting_id = ANY (settings);
  DELETE FROM dispatch_doctorsetting_sales WHERE user_id = u OR doctorsetting_id = ANY (settings);
  DELETE FROM dispatch_doctorsetting WHERE id = ANY (settings);
  DELETE FROM dispatch_usersetting WHERE user_id = u;
  DELETE FROM dispatch_office_doctors WHERE user_id = u;
  DELETE FROM dispatch_agent WHERE user_id = u;
  DELETE FROM dispatch_master WHERE user_id = u;
  DELETE FROM dispatch_client3d WHERE user_id = u;
  DELETE FROM dispatch_discount WHERE offer_id IN (SELECT id FROM dispatch_offer WHERE doctor_id = u);
  DELETE FROM dispatch_offer WHERE doctor_id = u;
  DELETE FROM dispatch_note WHERE doctor_id = u;
  DELETE FROM dispatch_notification WHERE recipient_id = u;
  DELETE FROM auth_user_groups WHERE user_id = u;
  DELETE FROM auth_user_user_permissions WHERE user_id = u;
  UPDATE dispatch_role SET user_id = NULL WHERE user_id = u;
  UPDATE dispatch_order SET doctor_id = NULL WHERE doctor_id = u;
  UPDATE dispatch_payment SET doctor_id = NULL WHERE doctor_id = u;
  UPDATE dispatch_state SET actor_id = NULL WHERE actor_id = u;
  UPDATE dispatch_project SET creator_id = NULL WHERE creator_id = u;
  UPDATE dispatch_event SET user_id = NULL WHERE user_id = u;
  UPDATE dispatch_comment SET author_id = NULL WHERE author_id = u;
  UPDATE dispatch_note SET author_id = NULL WHERE author_id = u;
  UPDATE dispatch_record SET author_id = NULL WHERE author_id = u;
  UPDATE dispatch_action SET user_id = NULL WHERE user_id = u;
  UPDATE dispatch_task SET actor_id = NULL WHERE actor_id = u;
  IF NOT parent_first THEN DELETE FROM auth_user WHERE id = u; END IF;
END $$;

-- L12: hard deletes
CREATE FUNCTION workload.l12(x bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE a integer; low bigint; high bigint;
BEGIN
  CASE workload.h(x, 1) % 8
  WHEN 0, 1, 2 THEN
    -- nobody's doctor, since patients keep theirs, and not one of the few with tens of thousands of notifications
    SELECT u.id INTO a FROM auth_user u WHERE u.id >= workload.pick_auth_user(workload.h(x, 2))
      AND NOT EXISTS (SELECT FROM dispatch_patient p WHERE p.doctor_id = u.id)
      AND NOT EXISTS (SELECT FROM dispatch_notification n WHERE n.recipient_id = u.id OFFSET 1000)
      ORDER BY u.id LIMIT 1;
    IF a IS NULL THEN RETURN false; END IF;
    CALL workload.delete_account(a, x % 2 = 0);
  WHEN 3, 4 THEN
    a := workload.pick_dispatch_plan(workload.h(x, 2));
    DELETE FROM dispatch_comment WHERE plan_id = a;
    DELETE FROM dispatch_reading WHERE plan_id = a;
    DELETE FROM dispatch_plan WHERE id = a;
  WHEN 5 THEN
    -- tasks in bulk, at most 5,000 and never more than a twentieth
    SELECT min(id), max(id) INTO low, high FROM dispatch_task;
    a := workload.pick_dispatch_task(workload.h(x, 2));
    DELETE FROM dispatch_task WHERE id >= a AND id < a + least(5000, (high - low) / 20);
  WHEN 6 THEN
    a := workload.pick_dispatch_office(workload.h(x, 2));
    DELETE FROM dispatch_office_doctors WHERE office_id = a;
    UPDATE dispatch_patient SET office_id = NULL WHERE office_id = a;
    UPDATE dispatch_payment SET office_id = NULL WHERE office_id = a;
    DELETE FROM dispatch_office WHERE id = a;
  ELSE
    -- a course that is in use is never deleted
    DELETE FROM dispatch_course c WHERE id = (SELECT max(id) FROM dispatch_course) AND id > 8
      AND NOT EXISTS (SELECT FROM dispatch_instruction WHERE course_id = c.id)
      AND NOT EXISTS (SELECT FROM dispatch_product WHERE course_id = c.id)
      AND NOT EXISTS (SELECT FROM dispatch_order WHERE course_id = c.id);
    IF NOT FOUND THEN
      INSERT INTO dispatch_course VALUES (workload.new_dispatch_course(), 'Course ' || x % 100, 1 + x % 6, workload.json(x));
    END IF;
  END CASE;
  RETURN true;
END $$;

-- L13: much ado about one row
CREATE FUNCTION workload.l13(x bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE a integer;
BEGIN
  CASE workload.h(x, 1) % 4
  WHEN 0 THEN
    a := workload.pick_dispatch_task(workload.h(x, 2));
    FOR i IN 1 .. 2 + x % 9 LOOP
      UPDATE dispatch_task SET text = workload.words(x + i), checked = NOT checked WHERE id = a;
    END LOOP;
  WHEN 1 THEN
    UPDATE dispatch_instruction SET status = status, notes = notes WHERE id = workload.pick_dispatch_instruction(workload.h(x, 2));
  WHEN 2 THEN
    a := workload.new_dispatch_file();
    CALL workload.write_file(a, workload.pick_dispatch_instruction(workload.h(x, 2)), NULL, x);
    UPDATE dispatch_file SET status = 1 - status WHERE id = a;
    DELETE FROM dispatch_file WHERE id = a;
  ELSE
    -- savepoints, one inside the other, of which nothing stays but the outermost work
    a := workload.pick_dispatch_patient(workload.h(x, 2));
    UPDATE dispatch_patient SET suspended = NOT suspended, updated_at = workload.at(x) WHERE id = a;
    BEGIN
      CALL workload.write_notification(workload.new_dispatch_notification(), NULL, x);
      UPDATE dispatch_patient SET birthdate = date '1800-01-01' WHERE id = a;
      BEGIN
        DELETE FROM dispatch_task WHERE id = workload.pick_dispatch_task(workload.h(x, 3));
        RAISE EXCEPTION 'rolled back' USING ERRCODE = 'ZZ001';
      EXCEPTION WHEN SQLSTATE 'ZZ001' THEN NULL;
      END;
      CALL workload.write_task(workload.new_dispatch_task(), NULL, NULL, NULL, x);
      RAISE EXCEPTION 'rolled back' USING ERRCODE = 'ZZ001';
    EXCEPTION WHEN SQLSTATE 'ZZ001' THEN NULL;
    END;
    UPDATE dispatch_patient SET birthdate = date '2001-02-03' + (x % 5000)::integer WHERE id = a;
  END CASE;
  RETURN true;
END $$;

-- L14: two technicians (any two users, when there are not two) swap their user names, by way of a third name
CREATE FUNCTION workload.l14(x bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE ids integer[]; a auth_user; b auth_user;
BEGIN
  ids := ARRAY(SELECT user_id FROM auth_user_groups WHERE group_id = 11 ORDER BY hashint8extended(user_id, x) LIMIT 2);
  IF cardinality(ids) < 2 THEN
    ids := ARRAY[workload.pick_auth_user(workload.h(x, 1)), workload.pick_auth_user(workload.h(x, 2))];
    IF ids[1] = ids[2] THEN RETURN false; END IF;
  END IF;
  SELECT * INTO a FROM auth_user WHERE id = ids[1];
  SELECT * INTO b FROM auth_user WHERE id = ids[2];
  UPDATE auth_user SET username = 'swap' || a.id WHERE id = a.id;
  UPDATE auth_user SET username = a.username WHERE id = b.id;
  UPDATE auth_user SET username = b.username WHERE id = a.id;
  RETURN true;
END $$;

-- L15: bulk updates
CREATE FUNCTION workload.l15(x bigint, bulk_rows integer) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  CASE x % 3
  WHEN 0 THEN
    UPDATE dispatch_template SET status = 1 - status WHERE status IN (0, 1);
  WHEN 1 THEN
    UPDATE dispatch_office SET emails = NOT emails;
  ELSE
    UPDATE dispatch_notification SET "read" = true WHERE id >= workload.pick_dispatch_notification(workload.h(x, 2))
      AND id < workload.pick_dispatch_notification(workload.h(x, 2)) + bulk_rows;
  END CASE;
  RETURN true;
END $$;

-- L16: rows with text out of line are updated elsewhere (the text is not sent then), or get another text
CREATE FUNCTION workload.l16(x bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE a integer; start integer;
BEGIN
  start := workload.pick_dispatch_record(workload.h(x, 2));
  SELECT id INTO a FROM dispatch_record WHERE id BETWEEN start AND start + 2000 AND octet_length(text) > 4000 ORDER BY id LIMIT 1;
  IF a IS NULL OR x % 12 = 0 THEN
    CALL workload.write_record(workload.new_dispatch_record(), workload.long_text(x), x);
  ELSIF x % 12 = 1 THEN
    UPDATE dispatch_record SET text = workload.long_text(x), public = NOT coalesce(public, false) WHERE id = a;
  ELSIF x % 12 = 2 THEN
    a := workload.new_dispatch_notification();
    CALL workload.write_notification(a, NULL, x);
    UPDATE dispatch_notification SET template_context = jsonb_build_object('body', workload.long_text(x))::text,
        sent = true, send = true WHERE id = a;
    UPDATE dispatch_notification SET "read" = true WHERE id = a;
  ELSE
    UPDATE dispatch_record SET text = text, public = NOT coalesce(public, false), type = (ARRAY[3, 5, 6, 8])[1 + x % 4] WHERE id = a;
  END IF;
  RETURN true;
END $$;

-- L17: the old application migrates: a column more, a varchar wider
CREATE FUNCTION workload.l17(x bigint) RETURNS boolean LANGUAGE plpgsql SET client_min_messages = warning AS $$
DECLARE wide integer;
BEGIN
  CASE x % 4
  WHEN 0 THEN EXECUTE format('ALTER TABLE dispatch_client ADD COLUMN IF NOT EXISTS live_%s integer', x % 7);
  WHEN 1 THEN EXECUTE format('ALTER TABLE dispatch_task ADD COLUMN IF NOT EXISTS live_%s varchar(20)', x % 7);
    EXECUTE format('UPDATE dispatch_task SET live_%s = ''new'' WHERE id = $1', x % 7)
      USING workload.pick_dispatch_task(workload.h(x, 2));
  WHEN 2 THEN EXECUTE format('ALTER TABLE dispatch_notification ADD COLUMN IF NOT EXISTS live_%s boolean', x % 7);
  ELSE
    SELECT atttypmod - 4 + 10 INTO wide FROM pg_attribute WHERE attrelid = 'dispatch_office'::regclass AND attname = 'phone';
    EXECUTE format('ALTER TABLE dispatch_office ALTER COLUMN phone TYPE varchar(%s)', wide);
  END CASE;
  RETURN true;
END $$;

-- The run -------------------------------------------------------------------------------------------------------------

-- 10,000 numbered places shared out among the kinds
CREATE FUNCTION workload.kind(place integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN place < 4000 THEN 'L3' WHEN place < 6500 THEN 'L4' WHEN place < 7620 THEN 'plain' WHEN place < 8620 THEN 'L13'
    WHEN place < 9120 THEN 'L1' WHEN place < 9620 THEN 'L16' WHEN place < 9720 THEN 'L5' WHEN place < 9820 THEN 'L11'
    WHEN place < 9870 THEN 'L2' WHEN place < 9900 THEN 'L6' WHEN place < 9905 THEN 'L6 restore' WHEN place < 9925 THEN 'L7'
    WHEN place < 9945 THEN 'L9' WHEN place < 9965 THEN 'L12' WHEN place < 9975 THEN 'L10' WHEN place < 9985 THEN 'L14'
    WHEN place < 9990 THEN 'L15' WHEN place < 9995 THEN 'L8' ELSE 'L17' END $$;

CREATE FUNCTION workload.act(kind text, n bigint, x bigint, seed integer, bulk_rows integer) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  -- these touch many rows, or the same few: one at a time
  IF kind IN ('L6', 'L6 restore', 'L7', 'L8', 'L9', 'L10', 'L11', 'L12', 'L14', 'L15', 'L17') THEN
    PERFORM pg_advisory_xact_lock(hashtext('workload'));
  END IF;
  CASE kind
  WHEN 'plain' THEN RETURN workload.plain(x);
  WHEN 'L1' THEN RETURN workload.l1(x);
  WHEN 'L2' THEN
    IF n % 2 = 0 AND EXISTS (SELECT FROM workload.promise p WHERE p.seed = act.seed) THEN RETURN workload.l2_keep(x, seed); END IF;
    RETURN workload.l2_promise(x, seed);
  WHEN 'L2 kept' THEN RETURN workload.l2_keep(x, seed);
  WHEN 'L3' THEN RETURN workload.l3(x);
  WHEN 'L4' THEN RETURN workload.l4(x);
  WHEN 'L5' THEN RETURN workload.l5(x);
  WHEN 'L6' THEN RETURN workload.l6_delete(x);
  WHEN 'L6 restore' THEN RETURN workload.l6_restore(x);
  WHEN 'L7' THEN RETURN workload.l7(x);
  WHEN 'L8' THEN RETURN workload.l8(x);
  WHEN 'L9' THEN RETURN workload.l9(x);
  WHEN 'L10' THEN RETURN workload.l10(x);
  WHEN 'L11' THEN RETURN workload.l11(x);
  WHEN 'L12' THEN RETURN workload.l12(x);
  WHEN 'L13' THEN RETURN workload.l13(x);
  WHEN 'L14' THEN RETURN workload.l14(x);
  WHEN 'L15' THEN RETURN workload.l15(x, bulk_rows);
  WHEN 'L16' THEN RETURN workload.l16(x);
  WHEN 'L17' THEN RETURN workload.l17(x);
  END CASE;
END $$;

-- The same, undone when another session was in the way. Keys are checked here, so that they cannot fail at COMMIT.
CREATE FUNCTION workload.try_to(kind text, n bigint, x bigint, seed integer, bulk_rows integer) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE done boolean;
BEGIN
  done := workload.act(kind, n, x, seed, bulk_rows);
  SET CONSTRAINTS ALL IMMEDIATE;
  SET CONSTRAINTS ALL DEFERRED;
  RETURN done;
EXCEPTION WHEN deadlock_detected OR serialization_failure OR lock_not_available OR unique_violation OR foreign_key_violation
  OR object_in_use THEN
  RETURN false;
END $$;

-- seed: what is done; sessions at the same time need different ones
-- transactions: how many; they are numbered on from the last run with this seed, so that runs may follow each other
-- pause_ms: rest after each
-- ddl: whether the old application migrates meanwhile (L17)
-- bulk_rows: the most that one bulk update touches
CREATE PROCEDURE workload.run(seed integer, transactions integer, pause_ms numeric DEFAULT 0, ddl boolean DEFAULT false,
  bulk_rows integer DEFAULT 20000) LANGUAGE plpgsql AS $$
DECLARE
  kind text; done boolean; x bigint; n bigint;  -- which a FOR would make an integer
  first bigint := (SELECT coalesce(sum(c.executed + c.skipped), 0) FROM workload.session_counts c
                   WHERE c.seed = run.seed AND c.kind <> 'L2 kept');
  kinds text[] := '{}'; results boolean[] := '{}';
BEGIN
  FOR i IN 0 .. transactions - 1 LOOP
    n := first + i;
    -- a step that shares no factor with 10,000 visits every place once in 10,000 transactions
    kind := workload.kind(((n * 7919 + seed::bigint * 3571) % 10000 + 10000)::integer % 10000);
    IF kind = 'L17' AND NOT ddl THEN kind := 'plain'; END IF;
    FOR attempt IN 0 .. 3 LOOP
      x := workload.h(n * 4 + attempt, seed);
      IF kind IN ('L3', 'L4') AND x % 3 > 0 THEN
        -- one row, no key: nothing can go wrong, so no savepoint around it
        done := workload.act(kind, n, x, seed, bulk_rows);
      ELSE
        done := workload.try_to(kind, n, x, seed, bulk_rows);
      END IF;
      EXIT WHEN done;
    END LOOP;
    COMMIT;
    kinds := kinds || kind;
    results := results || done;
    IF cardinality(kinds) = 100 OR i = transactions - 1 THEN
      CALL workload.count_up(seed, kinds, results);
      COMMIT;
      kinds := '{}';
      results := '{}';
    END IF;
    IF pause_ms > 0 THEN PERFORM pg_sleep(pause_ms / 1000.0); END IF;
  END LOOP;
  -- what was promised is kept
  FOR attempt IN 1 .. 1000 LOOP
    EXIT WHEN NOT EXISTS (SELECT FROM workload.promise p WHERE p.seed = run.seed);
    done := workload.try_to('L2 kept', 0, workload.h(first + transactions + attempt, seed - 1), seed, bulk_rows);
    CALL workload.count_up(seed, ARRAY['L2 kept'], ARRAY[done]);
    COMMIT;
  END LOOP;
END $$;

CREATE PROCEDURE workload.count_up(of_seed integer, kinds text[], results boolean[]) LANGUAGE sql AS $$
  INSERT INTO workload.session_counts AS c
  SELECT of_seed, k, count(*) FILTER (WHERE r), count(*) FILTER (WHERE r IS NOT TRUE) FROM unnest(kinds, results) u (k, r) GROUP BY k
  ON CONFLICT (seed, kind) DO UPDATE SET executed = c.executed + excluded.executed, skipped = c.skipped + excluded.skipped $$;
