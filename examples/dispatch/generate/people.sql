-- Framework tables, accounts, offices, doctors, patients, roles.

SET client_min_messages = warning;
SET timezone = 'UTC';

-- Framework -----------------------------------------------------------------------------------------------------------
-- Content types: a few ids are those of the one installation; the others take what is free. Nothing may rely on the
-- numbers.
CREATE TABLE generator.content_type AS
WITH model (app, model, fixed) AS (VALUES
  ('dispatch', 'patient', 11), ('auth', 'user', 58), ('dispatch', 'instruction', 9), ('dispatch', 'plan', 12),
    ('dispatch', 'payment', 21),
  ('auth', 'group', NULL), ('auth', 'permission', NULL), ('contenttypes', 'contenttype', NULL),
    ('sessions', 'session', NULL),
  ('admin', 'logentry', NULL)
  UNION ALL
  SELECT 'dispatch', m, NULL FROM unnest(string_to_array('action agent bracket category client client3d comment course discount doctorsetting event '
    'file globalsetting instance jaw language link master note notification offer office operation order product project purchase '
    'reading record role state storage task template usersetting ware template_edit_roles template_predecessors template_products '
    'template_view_groups template_view_roles', ' ')) m),
free AS (SELECT i, row_number() OVER (ORDER BY i) AS o FROM generate_series(1, 57) i WHERE i NOT IN (11, 9, 12, 21))
SELECT coalesce(fixed, free.i) AS id, app, model
FROM (SELECT *, CASE WHEN fixed IS NULL THEN row_number() OVER (PARTITION BY fixed IS NULL ORDER BY app, model) END AS o
  FROM model) m
LEFT JOIN free USING (o);
INSERT INTO django_content_type SELECT id, app, model FROM generator.content_type ORDER BY id;
CREATE FUNCTION generator.type_id(app text, model text) RETURNS integer LANGUAGE sql IMMUTABLE AS
  $$ SELECT id FROM generator.content_type t WHERE t.app = $1 AND t.model = $2 $$;

INSERT INTO auth_permission
SELECT row_number() OVER (ORDER BY custom, id, verb), name, id, codename
FROM (SELECT 0 AS custom, id, verb, 'Can ' || verb || ' ' || model AS name, verb || '_' || model AS codename
      FROM generator.content_type, unnest(ARRAY['add', 'change', 'delete', 'view']) verb
      UNION ALL
      SELECT 1, generator.type_id('dispatch', (ARRAY['patient', 'instruction', 'plan', 'payment'])[1 + j % 4]),
        lpad(j::text, 2, '0'),
             'Special right ' || j, 'special_' || j
      FROM generate_series(1, 32) j) p;

INSERT INTO auth_group VALUES (1, 'Patient'), (2, 'Doctor'), (3, 'Sales'), (4, 'Administrator'), (5, 'Master'),
  (6, 'Billing'),
  (7, 'Medical'), (8, 'Export'), (9, 'Support'), (11, 'Technician');
INSERT INTO auth_group_permissions
SELECT generator.id(row_number() OVER (ORDER BY group_id, permission_id)), group_id, permission_id
FROM (SELECT g.id AS group_id, p.id AS permission_id FROM auth_group g, auth_permission p
      ORDER BY generator.h('group permission', g.id * 1000 + p.id) LIMIT generator.n('auth_group_permissions')) x;

-- Accounts ------------------------------------------------------------------------------------------------------------
-- Each account has a class by its rank in a hash order; `place` is its place within the class.
CREATE TABLE generator.account AS
WITH class AS (
  SELECT *, sum(size) OVER (ORDER BY i) AS hi, sum(size) OVER (ORDER BY i) - size AS lo
  FROM (SELECT i, class, generator.n('class ' || class) AS size, groups, patient, staff, superuser FROM (VALUES
    (1, 'patient', '{1}'::int[], true, false, false), (2, 'doctor and patient', '{1,2}', true, false, false),
    (3, 'patient without group', '{}', true, false, false), (4, 'doctor', '{2}', false, false, false),
    (5, 'doctor and technician', '{2,11}', false, false, false),
      (6, 'doctor and administrator', '{2,4}', false, true, false),
    (7, 'technician', '{11}', false, false, false), (8, 'administrator', '{4}', false, true, false),
    (9, 'master', '{5}', false, false, false), (10, 'master and more', '{5}', false, false, false),
    (11, 'superuser', '{}', false, true, true)) v (i, class, groups, patient, staff, superuser)) c),
ranked AS (SELECT o, row_number() OVER (ORDER BY generator.h('account', o), o) AS rank
  FROM generate_series(1, generator.n('auth_user')) o)
SELECT r.o, generator.user_id(r.o) AS id, c.class, (r.rank - c.lo)::bigint AS place, c.patient, c.staff, c.superuser,
  c.groups || CASE WHEN c.class = 'master and more'
                     OR c.class = 'technician' AND r.rank - c.lo <= generator.n('technicians in one more group')
                   THEN ARRAY[(ARRAY[3, 6, 7, 8, 9])[1 + ((r.rank - c.lo) % 5)::int]] ELSE '{}' END AS groups
FROM ranked r JOIN class c ON r.rank > c.lo AND r.rank <= c.hi;
ALTER TABLE generator.account ADD PRIMARY KEY (o);
ANALYZE generator.account;

-- V1: shared addresses, among plain patients; the first address is the worst, others differ by case or blanks.
-- V2, V3: `bad_email` and `bad_name` count through the other accounts.
INSERT INTO auth_user
WITH a AS (
  SELECT *, class = 'patient' AND place <= generator.n('V1 addresses') + generator.n('V1 surplus')
    AND generator.n('V1 addresses') > 0 AS shared,
    generator.one('first name', o, ARRAY['Anna', 'Ben', 'Carla', 'David', 'Emma', 'Felix', 'Grace', 'Hiro', 'Ines',
      'Jan', 'Kavya', 'Liam', 'Mei',
      'Noah', 'Olga', 'Priya', 'Quinn', 'Ravi', 'Sofia', 'Tom', 'Uma', 'Victor', 'Wen', 'Xenia', 'Yuki', 'Zoë',
        'Somchai', 'Jean-Luc']) AS first,
    generator.one('last name', o, ARRAY['Smith', 'Patel', 'Tanaka', 'Nguyen', 'Müller', 'O''Brien', 'García', 'Kim',
      'Singh', 'Chaiyasit', 'Brown',
      'Suzuki', 'van der Berg', 'Sharma', 'Lee', 'Dubois', 'Yamamoto', 'Wilson', 'Gupta', 'Sato', 'Novák',
        U&'Ame\0301lie']) AS last
  FROM generator.account),
b AS (
  SELECT *, row_number() OVER (PARTITION BY shared ORDER BY generator.h('bad email', o)) AS bad_email,
    row_number() OVER (ORDER BY generator.h('bad name', o)) AS bad_name,
      row_number() OVER (ORDER BY generator.h('test', o)) AS test,
    row_number() OVER (ORDER BY generator.h('login', o)) AS login
  FROM a),
c AS (
  SELECT *, generator.k(296) AS blank, generator.k(39) AS plain, generator.k(10) AS nulls, generator.k(20) AS broken,
    generator.k(148) AS names,
    generator.k(223) AS tests,
    CASE WHEN place = generator.n('V1 addresses') + generator.n('V1 surplus') THEN 0
      ELSE (place - 1) % greatest(1, generator.n('V1 addresses')) END AS address
  FROM b)
SELECT id,
  'pbkdf2_sha256$' || (260000 + 60000 * (o % 3)) || '$' || left(md5('salt' || generator.h('salt', o)), 12) || '$'
    || encode(decode(md5('a' || generator.h('password', o)) || md5('b' || generator.h('password', o)), 'hex'),
      'base64'),
  CASE WHEN login <= 2 AND generator.n('defects') = 1 THEN 'infinity'
       WHEN generator.i('no login', o, 5) = 0 THEN NULL
       ELSE generator.at('last login', o, 0.3 + 0.7 * o / generator.n('auth_user')) END,
  superuser,
  CASE WHEN test <= tests THEN 'test' || id ELSE translate(lower(first), 'ë-', 'e') || '.' || id END,
  CASE WHEN bad_name > names THEN first
       ELSE (ARRAY['', 'null', '  ' || first || ' ', first || '  ' || left(first, 1) || '.', first,
         E' \t'])[1 + bad_name % 6] END,
  CASE WHEN bad_name > names THEN last
       ELSE (ARRAY['null', last, last || '   ', '', '  ', 'de  ' || last])[1 + bad_name % 6] END,
  CASE WHEN shared THEN CASE (place / 7) % 4 WHEN 1 THEN 'Family.' || address || '@Example.COM' WHEN 2 THEN ' family.'
    || address || '@example.com '
                          ELSE 'family.' || address || '@example.com' END
       WHEN bad_email <= blank THEN CASE WHEN bad_email % 5 = 0 THEN '  ' ELSE '' END
       WHEN bad_email <= blank + plain THEN 'no-address-' || id
       WHEN bad_email <= blank + plain + nulls THEN 'null'
       WHEN bad_email <= blank + plain + nulls + broken THEN
         (ARRAY['two words' || id || '@example.com', 'm' || U&'\00FC' || 'ller' || id || '@example.de',
           'a@b' || id || '@example.com'])[1 + bad_email % 3]
       ELSE translate(lower(first), 'ëé-', 'ee') || '.' || id || '@'
         || generator.one('domain', o, ARRAY['example.com', 'mail.example.org', 'Clinic.Example.NET']) END,
  staff, generator.i('inactive', o, 12) > 0, generator.at('joined', o, 1.0 * o / generator.n('auth_user'))
FROM c ORDER BY id;

INSERT INTO auth_user_groups
SELECT generator.id(row_number() OVER (ORDER BY id, g)), id, g FROM generator.account, unnest(groups) g;

-- Doctors: group 2, and others who treat patients all the same. `share` ranks those who have patients at all;
-- administrators have few.
CREATE TABLE generator.doctor AS
WITH d AS (
  SELECT o, id, class, 2 = ANY (groups) AS in_group FROM generator.account WHERE 2 = ANY (groups)
  UNION ALL
  (SELECT o, id, class, false FROM generator.account WHERE class IN ('master', 'master and more', 'administrator')
   ORDER BY class = 'administrator', place LIMIT generator.n('doctors outside group 2'))),
idle AS (SELECT o FROM d WHERE in_group ORDER BY generator.h('idle doctor', o),
  o LIMIT generator.n('doctors without patients'))
SELECT d.o AS account, d.id, d.class, d.in_group, row_number() OVER (ORDER BY d.o) AS d,
  CASE WHEN idle.o IS NULL THEN row_number() OVER (PARTITION BY idle.o IS NULL
    ORDER BY class IN ('administrator', 'doctor and administrator'), generator.h('share', d.o), d.o) END AS share
FROM d LEFT JOIN idle ON idle.o = d.o;
ALTER TABLE generator.doctor ADD PRIMARY KEY (d);
ANALYZE generator.doctor;

-- Offices -------------------------------------------------------------------------------------------------------------
-- V8: the second office of a pair repeats the first: name, address, city, state and zip. Both are valid ones.
CREATE TABLE generator.office AS
WITH r AS (SELECT o, row_number() OVER (ORDER BY generator.h('invalid office', o), o) AS v,
                  row_number() OVER (ORDER BY generator.h('office country', o), o) AS c,
                  row_number() OVER (ORDER BY generator.h('office name', o), o) AS nm
                    FROM generate_series(1, generator.n('dispatch_office')) o),
s AS (SELECT *, v > CASE WHEN generator.n('defects') = 1 THEN greatest(1, generator.n('dispatch_office') * 352 / 898)
  ELSE 0 END AS valid FROM r),
t AS (SELECT *, CASE WHEN valid THEN row_number() OVER (PARTITION BY valid ORDER BY generator.h('twin', o),
  o) END AS place FROM s)
SELECT t.o, generator.id(t.o) AS id, t.valid, t.c, t.nm, p.first AS twin_of, t.place <= 2 * generator.n('V8') AS in_pair
FROM t LEFT JOIN (SELECT (place - 1) / 2 AS pair, min(o) AS first, max(o) AS second FROM t
  WHERE place <= 2 * generator.n('V8') GROUP BY 1) p
  ON p.second = t.o;
INSERT INTO dispatch_office
SELECT o.id,
  CASE WHEN o.nm <= generator.k(5) AND NOT coalesce(o.in_pair, false) THEN (ARRAY['', '  '])[1 + o.nm % 2]
       ELSE generator.one('office a', s, ARRAY['Bright', 'SMILE', 'Family ', ' Downtown', 'lake view', 'Royal',
         'Sakura', 'Metro', 'Green  Park', 'St. Mary''s'])
            || ' ' || generator.one('office b', s, ARRAY['Orthodontics', 'Dental', 'DENTAL CARE', 'clinic', 'Smiles',
              'Dentistry ', 'Aligners']) || ' ' || s END,
  CASE generator.i('address', s, 12) WHEN 0 THEN NULL WHEN 1 THEN '' ELSE (1 + s * 7 % 990) || ' '
    || generator.one('street', s, ARRAY['Main St', 'MG Road', 'Sukhumvit Rd',
    'Elm Avenue', 'Sakura-dori', 'Broadway', 'High Street', '  Park  Lane ']) END,
  CASE generator.i('apt', s, 4) WHEN 0 THEN 'Suite ' || s % 40 WHEN 1 THEN '' END,
  generator.one('city', s, ARRAY['Springfield', 'Mumbai', 'Tokyo', 'Bangkok', 'new york', 'AUSTIN', 'Pune', 'Osaka',
    'Los Angeles', 'Hanoi']),
  generator.one('state', s, ARRAY['CA', 'tx', 'NY', 'Maharashtra', '', 'Tokyo', NULL, 'Fl']),
  generator.one('zip', s, ARRAY['0801', 'SW1A 1AA', '02139', '10110', '400001', '150-0001', '90210', NULL, '',
    '75001-1234']),
  CASE WHEN o.c <= 4 * f THEN CASE WHEN generator.n('defects') = 1 THEN NULL ELSE 'USA' END
       WHEN o.c <= 159 * f THEN 'India' WHEN o.c <= 269 * f THEN 'Japan' WHEN o.c <= 333 * f THEN 'Thailand'
         WHEN o.c <= 336 * f THEN 'Vietnam'
       WHEN o.c <= 339 * f THEN 'Australia' WHEN o.c <= 341 * f THEN 'Philippines' WHEN o.c <= 343 * f THEN 'Singapore'
       WHEN o.c <= 344 * f THEN 'France' WHEN o.c <= 345 * f THEN 'New Zealand'
       WHEN generator.n('defects') = 0 THEN 'USA' WHEN o.c % 28 = 0 THEN 'usa' WHEN o.c % 45 = 0 THEN ' United States'
         ELSE 'USA' END,
  generator.one('phone', o.o, ARRAY['+1 (212) 555-', '+91 22 5550 ', '03-5555-', '(512) 555-', '0066 2 555 ', '555.'])
    || (1000 + o.o * 37 % 9000),
  CASE WHEN generator.i('tax', o.o, 5) = 0 THEN CASE WHEN generator.n('defects') = 1 THEN NULL ELSE 0 END
       ELSE (ARRAY[10.25, 8.38, 7.00, 18.00, 0.00, 6.63])[1 + generator.i('tax rate', o.o, 6)] END,
  o.valid, CASE generator.i('square', o.o, 3) WHEN 0 THEN NULL WHEN 1 THEN ''
    ELSE upper(left(md5('sq' || o.o), 26)) END,
  generator.i('emails', o.o, 5) > 0
FROM (SELECT *, coalesce(twin_of, o) AS s, generator.n('dispatch_office') / 898.0 AS f FROM generator.office) o
  ORDER BY o.id;

-- A doctor's offices; the second one is never of a pair, so that nobody is linked to both twins.
CREATE TABLE generator.doctor_office AS
WITH size AS (
  SELECT links, least(greatest(generator.r1(418), (links - generator.n('D12') + 1) / 2), links - generator.n('D12'),
    doctors) AS first
  FROM (SELECT generator.n('dispatch_office_doctors') AS links,
    (SELECT count(*) FROM generator.doctor WHERE in_group) AS doctors) x),
ranked AS (SELECT id, row_number() OVER (ORDER BY generator.h('office of', account)) AS rank FROM generator.doctor
  WHERE in_group),
lone AS (SELECT o, row_number() OVER (ORDER BY o) AS place, count(*) OVER () AS n FROM generator.office
  WHERE NOT coalesce(in_pair, false)),
first AS (SELECT r.id, r.rank, 1 + generator.i('first office', r.rank, generator.n('dispatch_office')) AS office
  FROM ranked r, size WHERE r.rank <= size.first)
SELECT id AS user_id, office, 1 AS nth FROM first
UNION ALL
SELECT f.id, l.o, 2 FROM first f, size, LATERAL (
  SELECT o FROM lone WHERE o <> f.office AND place IN (1 + generator.i('second office', f.rank, n),
    1 + (generator.i('second office', f.rank, n) + 1) % n)
  ORDER BY place LIMIT 1) l
WHERE f.rank <= links - generator.n('D12') - size.first
UNION ALL
(SELECT id, 1 + generator.i('wrong office', o, generator.n('dispatch_office')), 3 FROM generator.account
  WHERE class = 'patient'
 ORDER BY place DESC LIMIT generator.n('D12'));
INSERT INTO dispatch_office_doctors
SELECT generator.id(row_number() OVER (ORDER BY generator.h('office doctor', user_id), nth)), generator.id(office),
  user_id FROM generator.doctor_office;

-- Doctors' settings ---------------------------------------------------------------------------------------------------
INSERT INTO dispatch_doctorsetting
WITH r AS (SELECT account AS o, id, class = 'doctor and patient' AS dual,
  row_number() OVER (PARTITION BY class = 'doctor and patient' ORDER BY generator.h('setting', account)) AS rank
           FROM generator.doctor),
s AS (SELECT generator.n('dispatch_doctorsetting') AS n,
  least(generator.k(49), (SELECT count(*) FROM r WHERE dual)) AS duals)
SELECT generator.id(row_number() OVER (ORDER BY r.id)), r.id,
  CASE generator.i('preferences', o, 4) WHEN 0 THEN '' WHEN 1 THEN '  ' ELSE generator.sentence('preferences', o) END,
  CASE generator.i('square doctor', o, 3) WHEN 0 THEN NULL WHEN 1 THEN '' ELSE upper(left(md5('sd' || o), 26)) END,
  generator.i('promised', o, 9) = 0, CASE WHEN generator.i('credit', o, 3) = 0
    THEN generator.i('credit value', o, 90000) / 100.0 END,
  CASE WHEN generator.i('tier', o, 4) = 0 THEN date '2023-01-01' + generator.i('tier finish', o, 1400)::int END,
  CASE WHEN generator.i('tier type', o, 5) < 4 THEN generator.i('tier type', o, 5) END,
    generator.i('installments', o, 6) = 0,
  CASE WHEN generator.i('baa', o, 3) > 0 THEN generator.at('baa', o, 0.7) END,
  CASE WHEN generator.i('eula', o, 4) > 0 THEN generator.at('eula', o, 0.6) END, generator.i('company', o, 20) = 0
FROM r, s WHERE CASE WHEN r.dual THEN r.rank <= s.duals ELSE r.rank <= s.n - s.duals END;

INSERT INTO dispatch_doctorsetting_masters
SELECT generator.id(row_number() OVER (ORDER BY setting, user_id)), setting, user_id
FROM (SELECT s.id AS setting, a.id AS user_id FROM dispatch_doctorsetting s, generator.account a
  WHERE a.class IN ('master', 'master and more')
      ORDER BY generator.h('setting master', s.id * 100000::bigint + a.id) LIMIT generator.n('dispatch_doctorsetting_masters')) x;
INSERT INTO dispatch_doctorsetting_sales
SELECT generator.id(row_number() OVER (ORDER BY setting, user_id)), setting, user_id
FROM (SELECT s.id AS setting, a.id AS user_id FROM dispatch_doctorsetting s, generator.account a
  WHERE a.class = 'technician' AND a.place <= 20
      ORDER BY generator.h('setting sales', s.id * 100000::bigint + a.id) LIMIT generator.n('dispatch_doctorsetting_sales')) x;

INSERT INTO dispatch_language VALUES (1, 'en', 'English'), (2, 'ja', '日本語'), (3, 'th', 'ไทย'), (4, 'es', 'Español'),
  (5, 'hi', 'हिन्दी'), (7, 'vi', 'Tiếng Việt');
INSERT INTO dispatch_usersetting
SELECT generator.id(row_number() OVER (ORDER BY o)), id,
  CASE WHEN generator.i('language', o, 3) > 0 THEN (ARRAY[1, 2, 3, 4, 5, 7])[1 + generator.i('language', o, 6)] END,
  generator.one('zone', o, ARRAY['UTC', 'Asia/Bangkok', 'America/New_York', 'Asia/Tokyo']),
    generator.one('ui', o, ARRAY['', '{}', '{"theme": "dark"}'])
FROM (SELECT o, id FROM generator.account
  ORDER BY generator.h('usersetting', o) LIMIT generator.n('dispatch_usersetting')) x;
INSERT INTO dispatch_master
SELECT row_number() OVER (ORDER BY id), id, place % 7 > 0 FROM generator.account WHERE 5 = ANY (groups);
INSERT INTO dispatch_agent
SELECT row_number() OVER (ORDER BY id), id, 'service ' || place
  FROM (SELECT * FROM generator.account WHERE class = 'technician' ORDER BY place LIMIT 2) x;

-- Patients ------------------------------------------------------------------------------------------------------------
-- Patients per doctor: weight rank^-0.741 gives a median of 3 and a largest of 400 at full size. D1, D2: no doctor, no
-- office.
CREATE TABLE generator.patient AS
WITH p AS (
  SELECT a.o AS account, a.id AS user_id, a.class, row_number() OVER (ORDER BY a.o) AS o,
    row_number() OVER (ORDER BY a.class = 'doctor and patient', generator.h('patient defect', a.o), a.o) AS defect
  FROM generator.account a WHERE a.patient),
treated AS (SELECT o, row_number() OVER (ORDER BY generator.h('treated', o), o) - 1 AS place FROM p
  WHERE defect > generator.n('D1 patients')),
share AS (SELECT id, share, sum(power(share, -0.741)) OVER (ORDER BY share) AS upto,
  sum(power(share, -0.741)) OVER () AS total
          FROM generator.doctor WHERE share IS NOT NULL),
slot AS (SELECT id, g AS place FROM (
    SELECT id, coalesce(lag(hi) OVER (ORDER BY share), 0) AS lo, hi
    FROM (SELECT *, round(upto / total * (SELECT count(*) FROM treated))::bigint AS hi FROM share) s) b,
      generate_series(b.lo, b.hi - 1) g)
SELECT p.o, generator.patient_id(p.o) AS id, p.account, p.user_id, p.class,
  p.defect <= generator.n('D1 patients') AS untreated, slot.id AS doctor_id,
  CASE WHEN p.defect > generator.n('D1 patients') AND p.defect <= generator.n('D1 patients') + generator.n('D2')
    THEN NULL
       WHEN generator.i('office choice', p.o, 100) < 85 AND o.office IS NOT NULL THEN generator.id(o.office)
       ELSE generator.id(1 + generator.i('any office', p.o, generator.n('dispatch_office'))) END AS office_id
FROM p LEFT JOIN treated USING (o) LEFT JOIN slot USING (place)
LEFT JOIN generator.doctor_office o ON o.user_id = slot.id AND o.nth = 1;
ALTER TABLE generator.patient ADD PRIMARY KEY (o);
ANALYZE generator.patient;

CREATE FUNCTION generator.base36(v bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
  $$ SELECT string_agg(substr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', 1 + (v / p % 36)::int, 1), '' ORDER BY p DESC)
     FROM unnest(ARRAY[46656, 1296, 36, 1]) p $$;
INSERT INTO dispatch_patient
WITH q AS (
  SELECT *, row_number() OVER (ORDER BY archived DESC, generator.h('no suffix', o)) AS no_suffix,
    row_number() OVER (ORDER BY generator.h('same suffix', o)) AS same_suffix,
      row_number() OVER (ORDER BY generator.h('birth', o)) AS birth,
    row_number() OVER (ORDER BY generator.h('schemes', o)) AS scheme,
      row_number() OVER (ORDER BY generator.h('patient status', o)) AS odd_status
  FROM (SELECT *, generator.i('archived', o, 100) < 14 AS archived, generator.n('dispatch_patient') AS n
    FROM generator.patient) p)
SELECT id, user_id, doctor_id, office_id,
  CASE WHEN birth <= generator.k(9) THEN (ARRAY[date '2094-05-17', date '1875-01-31', date '0197-08-08'])[1 + birth % 3]
       WHEN generator.i('no birthdate', o, 25) = 0 THEN NULL
         ELSE date '1948-01-01' + generator.i('birthdate', o, 24000)::int END,
  CASE WHEN generator.i('sex', o, 100) < 3 THEN NULL WHEN generator.i('sex', o, 100) < 5 THEN 0
    WHEN generator.i('sex', o, 100) < 45 THEN 1 ELSE 2 END,
  CASE WHEN no_suffix <= generator.k(1279) THEN CASE WHEN no_suffix % 3 = 0 THEN NULL ELSE '' END
       WHEN same_suffix <= generator.k(17) THEN '00BB'
       ELSE generator.base36((o * 5) % 46656 + CASE WHEN generator.i('leading zero', o, 100) < 47 THEN 0
         ELSE 46656 * (1 + o % 35) END) END,
  CASE WHEN odd_status <= generator.k(85) THEN (ARRAY[3, 5, 6, 7, 8, 9, 11, NULL])[1 + odd_status % 8]
       WHEN archived THEN 10 ELSE (ARRAY[1, 4, 4, 1, 2])[1 + generator.i('status', o, 5)] END,
  CASE WHEN archived THEN true WHEN generator.i('archived', o, 100) < 40 THEN NULL ELSE false END,
    generator.i('suspended', o, 50) = 0,
  CASE WHEN generator.i('submitted', o, 10) > 0 THEN generator.at('submitted', o, 1.0 * o / n) END,
  CASE WHEN generator.i('updated', o, 10) > 0 THEN generator.at('updated', o, 0.5 + 0.5 * o / n) END,
  CASE WHEN scheme <= generator.k(9) THEN generator.bad_json(scheme) WHEN generator.i('schemes', o, 10) < 3 THEN ''
       WHEN generator.i('schemes', o, 10) < 6 THEN '{}' ELSE generator.good_json('schemes', o) END
FROM q ORDER BY id;

-- Roles ---------------------------------------------------------------------------------------------------------------
INSERT INTO dispatch_role
SELECT generator.id(o), generator.one('role name', o,
  ARRAY['Design', 'Sectioning', 'Quality  control', 'Remote designer', 'Master check', 'Printing', 'Thermoforming',
    'Packing', ' Shipping', 'QC final', 'Staging']) || ' ' || o, CASE o % 9 WHEN 0 THEN '' ELSE 'R' || o END,
  generator.i('role type', o, 6), o * 10 % 470,
  CASE o WHEN 3 THEN (SELECT id FROM generator.account WHERE class = 'technician' AND place = 1)
         WHEN 20 THEN (SELECT id FROM generator.account WHERE class = 'master' AND place = 1) END,
  CASE WHEN o % 3 > 0 THEN 11 ELSE (ARRAY[2, 3, 4, 5, 6, 7, 8, 9])[1 + o / 3 % 8] END
FROM generate_series(1, generator.n('dispatch_role')) o;
INSERT INTO dispatch_role_permissions
SELECT generator.id(row_number() OVER (ORDER BY role_id, permission_id)), role_id, permission_id
FROM (SELECT r.id AS role_id, p.id AS permission_id FROM dispatch_role r, auth_permission p
      ORDER BY generator.h('role permission', r.id * 1000 + p.id) LIMIT generator.n('dispatch_role_permissions')) x;

INSERT INTO dispatch_client
SELECT o, 'dispatch-desktop', '3.' || o || '.0', (ARRAY['windows', 'macos'])[1 + o % 2]
  FROM generate_series(1, generator.n('dispatch_client')) o;
INSERT INTO dispatch_client3d
SELECT generator.id(o), CASE WHEN o % 8 > 0
  THEN generator.user_id(1 + generator.i('client3d', o, generator.n('auth_user'))) END, '2.' || o % 17,
  generator.at('client3d', o, 1.0 * o / generator.n('dispatch_client3d'))
    FROM generate_series(1, generator.n('dispatch_client3d')) o;
