-- Courses, products, categories, stock, templates of tasks; small tables that stay behind.

SET client_min_messages = warning;
SET timezone = 'UTC';

INSERT INTO dispatch_course VALUES (1, 'Main', 1, '{"steps": 12}'), (2, 'Refinement', 2, '{}'),
  (3, 'Replacement', 4, ''), (4, 'Any', 3, '[]'),
  (5, 'Old main', 1, ''), (6, 'Old refinement', 2,
    CASE WHEN generator.n('defects') = 1 THEN generator.bad_json('escape', 0) ELSE '' END),
  (7, 'Invoice', 5, '{}'), (8, 'Merchandise', 6, '{"a": 1, "a": 2}');
INSERT INTO dispatch_product
SELECT o, (ARRAY['Aligners Full', 'Aligners Lite', 'Aligners Express', 'Retainer', 'Replacement aligner',
  'Refinement set', 'Lingual brackets', 'Labial brackets',
    'Indirect bonding tray', 'Whitening kit', 'Starter Pack', 'Aligners 2017', 'Bite splint', 'Travel case'])[o],
  CASE o % 4 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE generator.sentence('product', o) END, o IN (6, 11),
    o IN (4, 7, 12, 13),
  CASE WHEN o = 5 AND generator.n('defects') = 1 THEN generator.bad_json('other', 0) WHEN o % 3 = 0 THEN ''
    WHEN o % 3 = 1 THEN '{}'
       ELSE '{"arches": ["upper", "lower"], "max": ' || o || '}' END,
  CASE WHEN o % 5 > 0 THEN o % 5 END, o IN (5, 14), (ARRAY[1, 1, 1, 3, 3, 2, 1, 1, 4, 8, NULL, 1, 4, 8])[o]
FROM generate_series(1, 14) o;
INSERT INTO dispatch_product_roles
SELECT row_number() OVER (ORDER BY p, r), p, r
FROM (SELECT p.id AS p, r.id AS r FROM dispatch_product p, dispatch_role r
  ORDER BY generator.h('product role', p.id * 1000 + r.id)
      LIMIT generator.n('dispatch_product_roles')) x;
INSERT INTO dispatch_product_successors
SELECT row_number() OVER (ORDER BY a, b), a, b
FROM (SELECT a.id AS a, b.id AS b FROM dispatch_product a, dispatch_product b WHERE a.id <> b.id
  ORDER BY generator.h('successor', a.id * 1000 + b.id)
      LIMIT generator.n('dispatch_product_successors')) x;
-- Three levels; some parents have a higher id than their children.
INSERT INTO dispatch_category
SELECT generator.id(o), generator.one('category', o,
  ARRAY['Scans', 'Design', 'Production', 'Review', ' Billing', 'Shipping', 'Support']) || ' ' || o,
  CASE WHEN o % 11 = 0 THEN NULL                                     -- 4 roots: 11, 22, 33, 44
       WHEN o % 11 <= 4 THEN generator.id(11 * (1 + o / 11))         -- under the root that follows
       ELSE generator.id(o / 11 * 11 + 1 + o % 4) END
FROM generate_series(1, generator.n('dispatch_category')) o;
INSERT INTO dispatch_storage VALUES (1, 'Main storage');
INSERT INTO dispatch_ware
SELECT generator.id(o), generator.one('ware', o, ARRAY['Foil', 'Resin', 'Box', 'Label', 'Bracket', 'Wire', 'Cement'])
  || ' ' || o, 1,
  CASE WHEN o % 50 = 0 THEN '' ELSE 'W-' || lpad(o::text, 6, '0') END, generator.i('quantity', o, 500)::int,
  CASE WHEN generator.i('minimum', o, 3) > 0 THEN generator.i('minimum', o, 60)::int END
FROM generate_series(1, generator.n('dispatch_ware')) o;

INSERT INTO dispatch_template
SELECT generator.id(o), CASE WHEN o % 40 = 7 THEN ' '
  ELSE generator.one('task name', o, ARRAY['Check scan', 'Prepare  model', 'Segment teeth', 'Stage', 'Quality control',
    'Print', 'Trim', 'Pack', 'Ship', 'Call doctor']) || ' ' || o END,
  generator.one('action name', o, ARRAY['done', 'approve', 'reject', '', 'upload']),
    generator.one('function', o, ARRAY['', 'notify', 'create_plan', 'invoice']),
  CASE WHEN o % 40 = 7 AND o % 80 > 40 THEN '' ELSE 'text_' || o END, CASE WHEN o % 9 = 0 THEN 0 ELSE 1 END,
  CASE WHEN o % 3 > 0 THEN (o * 5 % 240)::int END,
    CASE WHEN o % 7 > 0 THEN generator.id(1 + generator.i('template category', o, 44)) END,
  o % 5 = 0, o % 17 = 0, generator.one('extensions', o, ARRAY['', '.stl', '.jpg,.png', '.pdf']), o % 4 = 0, o % 6 = 0
FROM generate_series(1, generator.n('dispatch_template')) o;
INSERT INTO dispatch_template_edit_roles
SELECT generator.id(row_number() OVER (ORDER BY h)), t, r
FROM (SELECT t.id AS t, r.id AS r, generator.h('edit role', t.id * 1000 + r.id) AS h FROM dispatch_template t,
  dispatch_role r
      ORDER BY h LIMIT generator.n('dispatch_template_edit_roles')) x;
INSERT INTO dispatch_template_view_roles
SELECT generator.id(row_number() OVER (ORDER BY h)), t, r
FROM (SELECT t.id AS t, r.id AS r, generator.h('view role', t.id * 1000 + r.id) AS h FROM dispatch_template t,
  dispatch_role r
      ORDER BY h LIMIT generator.n('dispatch_template_view_roles')) x;
INSERT INTO dispatch_template_view_groups
SELECT generator.id(row_number() OVER (ORDER BY h)), t, g
FROM (SELECT t.id AS t, g.id AS g, generator.h('view group', t.id * 1000 + g.id) AS h FROM dispatch_template t,
  auth_group g
      ORDER BY h LIMIT generator.n('dispatch_template_view_groups')) x;
INSERT INTO dispatch_template_products
SELECT generator.id(row_number() OVER (ORDER BY h)), t, p
FROM (SELECT t.id AS t, p.id AS p, generator.h('template product', t.id * 1000 + p.id) AS h FROM dispatch_template t,
  dispatch_product p
      ORDER BY h LIMIT generator.n('dispatch_template_products')) x;
INSERT INTO dispatch_template_predecessors
SELECT generator.id(row_number() OVER (ORDER BY h)), a, b
FROM (SELECT a.id AS a, b.id AS b, generator.h('predecessor', a.id * 100000::bigint + b.id) AS h
  FROM dispatch_template a, dispatch_template b WHERE a.id < b.id
      ORDER BY h LIMIT generator.n('dispatch_template_predecessors')) x;

INSERT INTO dispatch_instance
SELECT generator.id(o), 'worker-' || o, generator.at('instance', o, 1)
  FROM generate_series(1, generator.n('dispatch_instance')) o;
INSERT INTO dispatch_link
SELECT generator.id(o), 'https://help.example.com/page/' || o, 'Page ' || o, o
  FROM generate_series(1, generator.n('dispatch_link')) o;
INSERT INTO dispatch_event
SELECT generator.id(o), generator.one('event', o, ARRAY['open', 'close', 'error', 'render']),
  generator.good_json('event', o),
  generator.at('event', o, 1.0 * o / generator.n('dispatch_event')),
  CASE WHEN generator.i('event user', o, 10) > 0
    THEN generator.user_id(1 + generator.i('event user', o, generator.n('auth_user'))) END
FROM generate_series(1, generator.n('dispatch_event')) o;
-- The access token is a live secret in the real database; this one must never turn up anywhere either.
INSERT INTO dispatch_globalsetting VALUES (1, 'square', 3, '2019-03-01 09:00:00.123456Z', '2024-08-12 17:45:01Z', false,
  'sq0idp-example', 'L0C4T10N',
  'EAAA-secret-token-that-must-stay-behind');
