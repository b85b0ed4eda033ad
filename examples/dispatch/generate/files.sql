-- Records and files.

SET client_min_messages = warning;
SET timezone = 'UTC';

-- D16 by bands of one permutation: no content type, another model, target gone; the rest is about patients (61 %) or
-- users.
INSERT INTO dispatch_record
SELECT generator.id(o), CASE WHEN generator.pos('record type', o, n) < generator.k(71) THEN 4
  ELSE (ARRAY[3, 5, 6, 8, 3, 5])[1 + generator.i('record type', o, 6)] END,
  CASE WHEN p < nulls THEN NULL
       WHEN p < nulls + models THEN generator.type_id('dispatch',
         (ARRAY['instruction', 'plan', 'office', 'payment'])[1 + (p % 4)::int])
       WHEN patient THEN generator.type_id('dispatch', 'patient') ELSE generator.type_id('auth', 'user') END,
  CASE WHEN p < nulls + models THEN generator.id(1 + generator.i('record other', o, 800))
       WHEN p < nulls + models + goners THEN CASE WHEN patient
         THEN generator.gone_id(o, generator.n('dispatch_patient')) + 500000
                                                  ELSE generator.gone_user_id(o, generator.n('auth_user')) END
       WHEN patient THEN generator.patient_id(1 + generator.i('record patient', o, generator.n('dispatch_patient')))
       ELSE generator.user_id(1 + generator.i('record user', o, generator.n('auth_user'))) END,
  CASE WHEN generator.pos('record author', o, n) < generator.k(707) THEN NULL
    ELSE generator.user_id(1 + generator.i('record author', o, generator.n('auth_user'))) END,
  CASE WHEN generator.i('record group', o, 6) = 0
    THEN (ARRAY[2, 3, 4, 5, 6, 7, 8, 9, 11])[1 + generator.i('record group', o, 9)] END,
  CASE WHEN generator.pos('record text', o, n) < generator.n('D21 records') THEN CASE WHEN o % 2 = 0 THEN '' END
       WHEN generator.pos('record text', o, n) >= n - generator.k(354)
         THEN generator.long_text('record', o, 100 + generator.i('record length', o, 95))
       WHEN generator.i('record length', o, 100) < 10 THEN generator.sentence('record', o) || E'\r\n'
         || generator.long_text('record', o, 1 + generator.i('record length', o, 6))
       ELSE coalesce(nullif(generator.sentence('record', o), ''), 'x') END,
  (ARRAY[true, false, NULL])[1 + generator.i('record public', o, 3)], generator.at('record', o, 1.0 * o / n)
FROM (SELECT o, n, generator.pos('record', o, n) AS p, generator.n('D16 null') AS nulls,
  generator.n('D16 model') AS models, generator.n('D16 gone') AS goners,
        generator.pos('record about', o, n) < n * 0.617 AS patient
      FROM (SELECT o, generator.n('dispatch_record') AS n
        FROM generate_series(1, generator.n('dispatch_record')) o) y) x;
INSERT INTO dispatch_record_roles
SELECT generator.id(o), generator.id(o), generator.id(1 + generator.i('record role', o, 48))
FROM generate_series(1, least(generator.n('dispatch_record_roles'), generator.n('dispatch_record'))) o;

-- Files of an instruction first, then as many that belong to none. Records hang on the latter but for a few; D15 by
-- bands of the
-- live ones' own places and of the others' places, so that half of them have an order and none a record.
INSERT INTO dispatch_file
WITH f AS (
  SELECT c.o AS i, c.class, k <= c.own AS own, c.before + k AS o, k, generator.n('dispatch_file') AS n,
    CASE WHEN k <= own THEN CASE WHEN class = 'live'
      THEN generator.pos('file own', own_before + k, generator.n('files of orders')) END
         ELSE generator.pos('file none', none_before + k - own,
                generator.n('dispatch_file') - generator.n('files of orders') - generator.n('D1 files') - generator.n('D3 files')) END AS p
  FROM generator.children c, LATERAL (SELECT generate_series(1, own + gone + none) AS k) k WHERE c.child = 'files'),
g AS (
  SELECT *, CASE WHEN own THEN p < generator.n('D15 with order')
    ELSE p < generator.n('D15') - generator.n('D15 with order') END AS bad_uid,
    CASE WHEN own AND p >= generator.n('D15 with order')
      AND p < generator.n('D15 with order') + generator.n('files of both') THEN 'record'
         WHEN own THEN NULL
         WHEN p >= 20 + generator.n('D15') AND p < 20 + generator.n('D15') + generator.n('D11') THEN 'gone'
         WHEN p >= 20 + generator.n('D15') + generator.n('D11')
          AND p < 20 + generator.n('D15') + generator.n('D11') + generator.n('files of records') - generator.n('files of both') THEN 'record' END AS record
  FROM f),
h AS (SELECT *, md5('file ' || generator.h('file uid', o))::uuid::text AS uid FROM g)
SELECT generator.id(o),
  CASE WHEN bad_uid THEN CASE WHEN p % 2 = 0 THEN 'legacy-' || lpad(generator.id(o)::text, 6, '0')
    ELSE left(uid, 23) END
       WHEN generator.i('upper file', o, 20) = 0 AND generator.n('defects') = 1 THEN upper(uid) ELSE uid END,
  CASE generator.i('file name', o, 30) WHEN 0 THEN NULL WHEN 1 THEN ''
    ELSE generator.one('file name', o, ARRAY['IMG_', 'scan upper ', 'scan_lower-', 'Röntgen ', 'plan.v2 ', '写真',
    'DSC0']) || o END,
  CASE WHEN generator.pos('ext', o, n) < generator.k(983) THEN NULL
       WHEN generator.pos('ext', o, n) < generator.k(983) + generator.k(1639)
         THEN generator.one('bare ext', o, ARRAY['jpg', 'stl', 'pdf', ''])
       WHEN generator.i('upper ext', o, 5) = 0 AND generator.n('defects') = 1
         THEN generator.one('ext', o, ARRAY['.JPG', '.STL', '.Png', '.PDF', '.ZIP'])
       ELSE generator.one('ext', o, ARRAY['.jpg', '.jpg', '.jpeg', '.png', '.stl', '.stl', '.ply', '.obj', '.dcm',
         '.pdf', '.docx', '.txt', '.zip', '.rar', '.heic', '.mp4']) END,
  CASE WHEN generator.i('file size', o, 40) > 0 THEN generator.i('file size', o, 3000000000) END,
    1 + generator.i('file type', o, 17),
  CASE WHEN generator.i('file status', o, 30) = 0 THEN 0 ELSE 1 END, CASE WHEN own THEN generator.id(i) END,
  CASE record WHEN 'record' THEN generator.id(1 + generator.i('file record', o, generator.n('dispatch_record')))
              WHEN 'gone' THEN generator.gone_id(p, generator.n('dispatch_record')) END,
  CASE WHEN generator.i('file product', o, 60) = 0 THEN 1 + generator.i('file product', o, 14) END,
  CASE generator.i('file text', o, 6) WHEN 0 THEN '' WHEN 1 THEN generator.sentence('file', o) END,
  CASE WHEN generator.pos('parameters', o, n) < generator.k(66)
    THEN generator.bad_json(generator.pos('parameters', o, n))
       WHEN generator.i('parameters', o, 10) = 0 THEN generator.good_json('parameters', o)
         WHEN generator.i('parameters', o, 10) < 5 THEN '{}' ELSE '' END,
  generator.at('file', o, 1.0 * o / n)
FROM h;
