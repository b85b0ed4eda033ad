-- What the generator is to make: every count and every defect, settled before the first row.
--
-- psql variables: scale (1 = full size), seed (integer), defects (true | false).
--
-- The schema `generator` stays in the legacy database as the generator's bookkeeping: expected.sql reads it. Randomness
-- is
-- hashing of (seed, name, ordinal), so the same parameters give the same rows on every server and in any order of work.
-- Rows of a table are numbered 1…n by an ordinal `o`; ids are made from it by the id functions below, with gaps.

SET client_min_messages = warning;
DROP SCHEMA IF EXISTS generator CASCADE;
CREATE SCHEMA generator;
CREATE TABLE generator.parameter (name text PRIMARY KEY, value numeric NOT NULL);
INSERT INTO generator.parameter VALUES ('scale', :scale), ('seed', :seed), ('defects', :'defects'::boolean::int);

DO $$ BEGIN
  IF (SELECT value < 0.002 FROM generator.parameter WHERE name = 'scale') THEN
    RAISE EXCEPTION 'scale must be 0.002 or more: below that there is no room for one defect of each kind';
  END IF;
END $$;

-- A parameter as a constant: IMMUTABLE on purpose, since parameters never change once they are written.
CREATE FUNCTION generator.n(name text) RETURNS bigint LANGUAGE sql IMMUTABLE AS
  $$ SELECT round(value)::bigint FROM generator.parameter p WHERE p.name = $1 $$;

-- Hashing: h = 63 bits, u = uniform in [0, 1), i = integer in [0, n), one of an array.
SELECT format($f$
  CREATE FUNCTION generator.h(k text, o bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    'SELECT hashint8extended($2, hashtextextended($1, %1$s)) & 9223372036854775807';
  CREATE FUNCTION generator.u(k text, o bigint) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    'SELECT (hashint8extended($2, hashtextextended($1, %1$s)) & 4503599627370495) / 4503599627370496.0::float8';
  CREATE FUNCTION generator.i(k text, o bigint, n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    'SELECT (hashint8extended($2, hashtextextended($1, %1$s)) & 9223372036854775807) %% $3';
  CREATE FUNCTION generator.one(k text, o bigint, a text[]) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    'SELECT $3[1 + (hashint8extended($2, hashtextextended($1, %1$s)) & 9223372036854775807) %% cardinality($3)]';
  -- A permutation of the ordinals 1…n onto 0…n-1 (multiplication by a prime above n): exactly k rows have pos < k, and
  -- bands
  -- of positions are disjoint. That is how a defect hits an exact number of rows, spread over the table, without
  -- sorting it.
  CREATE FUNCTION generator.pos(k text, o bigint, n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    'SELECT ($2 * (ARRAY[998244353, 1000000007, 1000000009, 2147483629, 2147483647, 4294967279, 4294967291])
                   [1 + (hashtextextended($1, %1$s) & 9223372036854775807) %% 7]
             + (hashtextextended($1, %1$s + 1) & 1073741823)) %% $3';
$f$, :seed) \gexec

-- Ids. Every 42nd id was never given out (29th for users): references to rows that are gone point there.
CREATE FUNCTION generator.id(o bigint) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  'SELECT ($1 + ($1 - 1) / 41)::integer';
CREATE FUNCTION generator.gone_id(x bigint, n bigint) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  'SELECT (42 * (1 + $1 % greatest(1, ($2 - 1) / 41)))::integer';
CREATE FUNCTION generator.user_id(o bigint) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  'SELECT ($1 + 1 + ($1 - 1) / 28)::integer';
CREATE FUNCTION generator.gone_user_id(x bigint, n bigint) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  'SELECT (1 + 29 * ($1 % (1 + ($2 - 1) / 28)))::integer';
CREATE FUNCTION generator.patient_id(o bigint) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  'SELECT (500000 + $1 + ($1 - 1) / 41)::integer';

-- A moment: the fraction f of the way from 2015 to the middle of 2025, with microseconds; a few about DST changes, a
-- few of 1970.
CREATE FUNCTION generator.at(k text, o bigint, f float8) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  $$ SELECT CASE WHEN generator.n('defects') = 1 AND generator.i('odd ' || k, o, 2000) = 0
    THEN (ARRAY['1970-01-01 00:00:00Z', '2021-03-28 00:59:59.999999Z', '2021-03-28 01:00:00Z',
      '2021-10-31 01:00:00.000001Z',
                '2024-03-10 06:59:59.999999Z', '2024-11-03 06:30:00Z']::timestamptz[])[1 + generator.i('odd at ' || k,
                  o, 6)]
    ELSE timestamptz '2015-02-01 08:00:00Z' + (f * 328000000.0 + generator.u(k,
      o) * 40000) * interval '1 second' END $$;

-- Text: plain sentences; with defects 3 % that break careless quoting, escaping and decoding.
CREATE FUNCTION generator.sentence(k text, o bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN generator.n('defects') = 1 AND generator.i('odd text ' || k, o, 100) < 3 THEN
    generator.one('odd form ' || k, o, ARRAY[E'first line\r\nsecond line\r\n', E'column\tcolumn\t\tend',
      E'no\u00A0break\u00A0space',
      U&'smile \+01F600 and family \+01F468\200D\+01F469\200D\+01F467', 'it''s "quoted" and `ticked`',
        E'C:\\scans\\new\\x41', E'before\n\\.\nafter', 'NULL', '\N',
      U&'decomposed: e\0301 o\0308, composed: \00E9 \00F6', '', '   ', E'\\', '''', '"', '{"looks": "like json"}',
        '%s %d %%', '<b>&amp;</b>',
      U&'\0417\0434\0440\0430\0432\0441\0442\0432\0443\0439 \65E5\672C\8A9E \0E44\0E17\0E22'])
      || CASE WHEN generator.i('odd tail ' || k, o, 2) = 0 THEN '' ELSE ' ' || o END
  ELSE generator.one('a ' || k, o, ARRAY['Please check', 'Approved', 'Patient reports', 'Move', 'Extraction of',
    'Needs refinement of',
      'Attachment lost on', 'Reviewed', 'Keep', 'Do not move', 'Close the gap at', 'New scan for'])
    || ' ' || generator.one('b ' || k, o, ARRAY['upper left', 'lower incisors', 'tooth 14', 'the midline',
      'class II elastics', 'both arches',
      'IPR 0.2 mm', 'the second molar', 'overjet', 'stage 12', 'tooth 36 and 46', 'aligner 7'])
    || ', ' || generator.one('c ' || k, o, ARRAY['as discussed.', 'see photos', 'before shipping', 'urgent!',
      'by next week', 'thank you',
      'with the doctor', 'no change', 'confirm please?', 'as in plan 2'])
  END $$;
CREATE FUNCTION generator.long_text(k text, o bigint,
  kilobytes bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  $$ SELECT string_agg(md5($1 || $2 || ':' || j), ' ') FROM generate_series(1, $3 * 31) j $$;

-- JSON text that is valid (all shapes), and text that is not; the kinds of the latter: escape, blank, unicode, other.
CREATE FUNCTION generator.good_json(k text, o bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE generator.i('json ' || k, o, 24)
    WHEN 0 THEN '[]' WHEN 1 THEN '[1, 2.50, "three", null]' WHEN 2 THEN '42' WHEN 3 THEN '"text"' WHEN 4 THEN 'null'
      WHEN 5 THEN 'true'
    WHEN 6 THEN '{"a": 1, "a": 2}' WHEN 7 THEN '{"big": 123456789012345678901234567890.000100, "e": 1e300}'
    WHEN 8 THEN '{"name": "Andr\u00e9"}' WHEN 9 THEN repeat('[', 50) || repeat(']', 50) WHEN 10 THEN repeat('{"d":', 49)
      || '{}' || repeat('}', 49)
    WHEN 11 THEN E' {\n  "spaced" : [ ]\n} '
    ELSE '{"id": ' || o || ', "stage": ' || generator.i('stage ' || k, o, 30) || '}' END $$;
CREATE FUNCTION generator.bad_json(kind text, x bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE kind WHEN 'escape' THEN (ARRAY['{"a":"C:\x41"}', '{"a":"it\''s"}', '{"path":"C:\Users\new"}'])[1 + x % 3]
    WHEN 'blank' THEN (ARRAY[NULL, '', '  '])[1 + x % 3]
    WHEN 'unicode' THEN (ARRAY['{"a":"\ud83d"}', '{"a":"\u0000"}'])[1 + x % 2]
    ELSE (ARRAY['{''a'': None}', '{"a": [1,', 'NaN', '{"a": 1,}'])[1 + x % 4] END $$;
-- The kind of the x-th defect where just a share of all kinds is wanted.
CREATE FUNCTION generator.bad_kind(x bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  $$ SELECT (ARRAY['escape', 'blank', 'unicode', 'other', 'escape', 'blank', 'escape', 'escape', 'blank',
    'escape'])[1 + x % 10] $$;
-- … for columns that are NOT NULL.
CREATE FUNCTION generator.bad_json(x bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  $$ SELECT coalesce(generator.bad_json(generator.bad_kind(x), x / 2), '') $$;

-- Counts -------------------------------------------------------------------------------------------------------------
-- r = round(count × scale); r1 = at least one; k = a defect: at least one, none without defects. Constants, as n is.
CREATE FUNCTION generator.r(full_count numeric) RETURNS bigint LANGUAGE sql IMMUTABLE AS
  $$ SELECT round($1 * value)::bigint FROM generator.parameter WHERE name = 'scale' $$;
CREATE FUNCTION generator.r1(full_count numeric) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT greatest(1,
  generator.r($1)) $$;
CREATE FUNCTION generator.k(full_count numeric) RETURNS bigint LANGUAGE sql IMMUTABLE AS
  $$ SELECT CASE WHEN value = 1 THEN greatest(1, generator.r($1)) ELSE 0 END FROM generator.parameter
    WHERE name = 'defects' $$;

-- Rows per table. The second column is the full count; small tables whose ids or meaning matter keep it, some have a
-- floor.
INSERT INTO generator.parameter
SELECT name, CASE WHEN full_count <= 60 OR keep THEN full_count ELSE greatest(floor, generator.r(full_count)) END
FROM (VALUES
  ('dispatch_action', 3130000, false, 1), ('dispatch_agent', 2, true, 1), ('dispatch_bracket', 1720, false, 1),
  ('dispatch_category', 44, true, 1), ('dispatch_client', 12, true, 1), ('dispatch_client3d', 96, false, 1),
  ('dispatch_comment', 16312, false, 20), ('dispatch_course', 8, true, 1), ('dispatch_discount', 151, false, 2),
  ('dispatch_doctorsetting', 1262, false, 2), ('dispatch_doctorsetting_masters', 1240, false, 1),
  ('dispatch_doctorsetting_sales', 388, false, 1), ('dispatch_event', 21480, false, 1),
    ('dispatch_file', 327771, false, 1),
  ('dispatch_globalsetting', 1, true, 1), ('dispatch_instance', 29, true, 1),
    ('dispatch_instruction', 25669, false, 75),
  ('dispatch_jaw', 43458, false, 127), ('dispatch_language', 6, true, 1), ('dispatch_link', 143, false, 1),
  ('dispatch_note', 963, false, 6), ('dispatch_notification', 5700000, false, 1), ('dispatch_offer', 788, false, 4),
  ('dispatch_office', 898, false, 36), ('dispatch_office_doctors', 472, false, 4),
    ('dispatch_operation', 3720, false, 8),
  ('dispatch_order', 9240, false, 4), ('dispatch_patient', 8527, false, 25), ('dispatch_payment', 17297, false, 40),
  ('dispatch_plan', 209241, false, 1), ('dispatch_product', 14, true, 1), ('dispatch_product_roles', 38, true, 1),
  ('dispatch_product_successors', 9, true, 1), ('dispatch_project', 72155, false, 1), ('dispatch_purchase', 0, true, 0),
  ('dispatch_reading', 58300, false, 1), ('dispatch_record', 70742, false, 1),
    ('dispatch_record_attachments', 0, true, 0),
  ('dispatch_record_roles', 61900, false, 1), ('dispatch_role', 48, true, 1),
    ('dispatch_role_permissions', 1346, false, 1),
  ('dispatch_state', 5673, false, 12), ('dispatch_storage', 1, true, 1), ('dispatch_task', 969000, false, 1),
  ('dispatch_template', 169, false, 24), ('dispatch_template_edit_roles', 659, false, 1),
  ('dispatch_template_predecessors', 191, false, 1), ('dispatch_template_products', 183, false, 1),
  ('dispatch_template_view_groups', 199, false, 1), ('dispatch_template_view_roles', 1111, false, 1),
  ('dispatch_usersetting', 1181, false, 1), ('dispatch_ware', 16552, false, 1), ('auth_user', 9886, false, 40),
  ('auth_group', 10, true, 1), ('auth_permission', 236, true, 1), ('auth_group_permissions', 640, true, 1),
  ('auth_user_user_permissions', 0, true, 0), ('django_content_type', 51, true, 1)) t (name, full_count, keep, floor);

-- Room for each kind of account that is no patient, at tiny scales too.
UPDATE generator.parameter SET value = least(value, generator.n('auth_user') - 12) WHERE name = 'dispatch_patient';

-- Accounts by class: the groups that a user is in, whether there is a patient row, the flags.
INSERT INTO generator.parameter VALUES
  ('class doctor and patient', generator.k(92)), ('class patient without group', generator.k(6)),
  ('class doctor and technician', generator.r1(22)), ('class doctor and administrator', generator.r1(10)),
  ('class technician', generator.r1(63)), ('class administrator', generator.r1(14)), ('class master', generator.r1(12)),
  ('class master and more', generator.r1(6)), ('class superuser', generator.k(17)),
    ('technicians in one more group', generator.r(23));
INSERT INTO generator.parameter
SELECT 'class patient', generator.n('dispatch_patient') - generator.n('class doctor and patient') - generator.n('class patient without group')
UNION ALL
SELECT 'class doctor', generator.n('auth_user') - generator.n('dispatch_patient') - sum(value) FROM generator.parameter
WHERE name IN ('class doctor and technician', 'class doctor and administrator', 'class technician',
  'class administrator',
               'class master', 'class master and more', 'class superuser');
INSERT INTO generator.parameter
SELECT 'group 2', sum(value) FROM generator.parameter
WHERE name IN ('class doctor', 'class doctor and patient', 'class doctor and technician',
  'class doctor and administrator');
INSERT INTO generator.parameter
SELECT 'doctors outside group 2',
  least(generator.r1(31), generator.n('class master') + generator.n('class master and more') + generator.n('class administrator') - 1)
UNION ALL SELECT 'doctors without patients', round(generator.n('group 2') * 0.08);

-- Defects, by the numbers under which README.md lists them.
INSERT INTO generator.parameter VALUES
  ('D1 patients', generator.k(9)), ('D2', generator.k(401)), ('D3', generator.k(410)), ('D3 jaws', generator.k(146)),
  ('D3 states', generator.k(68)), ('D3 tasks', generator.k(5820)), ('D3 files', generator.k(1940)),
    ('D3 plans', generator.k(3340)),
  ('D3 payments', generator.k(205)), ('D4', generator.k(215)), ('D5', generator.k(3)), ('D6', generator.k(162)),
  ('D7 gone', generator.k(770)), ('D7 null', generator.k(1450)), ('D8 plan', generator.k(1900)),
    ('D8 file', generator.k(400)),
  ('D9', generator.k(96)), ('D10', generator.k(63)), ('D11', generator.k(12)), ('D12', generator.k(6)),
    ('D13', generator.k(1)),
  ('D16 null', generator.k(142)), ('D16 model', generator.k(565)), ('D16 gone', generator.k(212)),
    ('D18 none', generator.k(208)),
  ('D18 no doctor', generator.k(69)), ('D18 null', generator.k(104)), ('D19', generator.k(20)),
    ('D21 comments', generator.k(24)),
  ('D21 notes', generator.k(2)), ('D21 records', generator.k(310)), ('V1 addresses', generator.k(7)),
    ('V1 surplus', generator.k(62)),
  ('V8', generator.k(9));
UPDATE generator.parameter SET value = 1 WHERE name = 'D13' AND value > 1;  -- one at every scale
-- Quarantined rows only where a table is large enough not to reach the limit by rounding.
INSERT INTO generator.parameter VALUES
  ('D1 orders', CASE WHEN generator.n('dispatch_instruction') < 250 THEN 0
                     WHEN generator.n('D1 patients') = 0 THEN 0
                     ELSE greatest(generator.n('D1 patients'), generator.r(16)) END),
  ('D14', CASE WHEN generator.n('dispatch_operation') < 250 THEN 0 ELSE generator.k(3) END),
  ('D15', CASE WHEN generator.n('dispatch_file') < 250 THEN 0 ELSE generator.k(14) END);
INSERT INTO generator.parameter
SELECT name, CASE WHEN generator.n('D1 orders') = 0 THEN 0 ELSE generator.k(full_count) END
FROM (VALUES ('D1 jaws', 27), ('D1 states', 4), ('D1 tasks', 600), ('D1 files', 101)) t (name, full_count)
UNION ALL SELECT 'D15 with order', (generator.n('D15') + 1) / 2
UNION ALL SELECT 'files of orders', generator.r1(160185)       -- of live orders whose patient has a doctor
UNION ALL SELECT 'files of records', generator.r1(8907)
UNION ALL SELECT 'files of both', generator.r(40)
UNION ALL SELECT 'delivered', generator.r1(2191123);           -- notifications sent AND send
-- At most two jaws per order.
UPDATE generator.parameter SET value = least(value, 2 * generator.n('D1 orders')) WHERE name = 'D1 jaws';
