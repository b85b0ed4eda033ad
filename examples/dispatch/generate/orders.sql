-- Instructions (the orders of the business) and the plan of all their children; jaws, instructions, states.

SET client_min_messages = warning;
SET timezone = 'UTC';

-- Instructions per patient: 22 % have one, the others 2 + a geometric tail, one patient has 40; the sum is made exact
-- by one more
-- here and there. Patients without a doctor (D1) get theirs exactly.
CREATE TABLE generator.instruction AS
WITH size AS (SELECT generator.n('dispatch_instruction') - generator.n('D1 orders') AS wanted,
  generator.n('D1 orders') AS untreated_orders),
p AS (SELECT o, untreated, row_number() OVER w AS rank, count(*) OVER (PARTITION BY untreated) AS n
      FROM generator.patient WINDOW w AS (PARTITION BY untreated ORDER BY generator.h('orders', o), o)),
first AS (
  SELECT p.*, CASE WHEN rank = n THEN least(40, wanted / 8) WHEN (rank - 0.5) / n < 0.22 THEN 1
                   ELSE least(39, 2 + floor(ln(1 - ((rank - 0.5) / n - 0.22) / 0.78) / ln(0.60)))::bigint END AS guess
  FROM p, size WHERE NOT untreated),
fit AS (SELECT f.*, wanted - sum(guess) OVER () AS short, sum((guess >= 3)::int) OVER (ORDER BY rank) AS nth,
  sum((guess >= 3)::int) OVER () AS many FROM first f, size),
count AS (
  SELECT o, untreated, guess + CASE WHEN guess >= 3 THEN floor(short * nth / many) - floor(short * (nth - 1) / many)
    ELSE 0 END AS n FROM fit
  UNION ALL
  SELECT o, untreated, untreated_orders * rank / p.n - untreated_orders * (rank - 1) / p.n FROM p, size
    WHERE p.untreated),
row AS (
  SELECT c.o AS patient, k, c.untreated,
    row_number() OVER (ORDER BY c.o::float8 / generator.n('dispatch_patient') + (k - 1) * 0.04 + generator.u('order time', c.o * 100 + k) * 0.1, c.o, k) AS o
  FROM count c, generate_series(1, c.n::int) k),
live AS (SELECT o, row_number() OVER (ORDER BY generator.h('deleted', o), o) <= generator.n('D3') AS deleted FROM row
  WHERE NOT untreated)
SELECT row.o, generator.id(row.o) AS id, row.patient, row.k AS ordinal,
  CASE WHEN row.untreated THEN 'untreated' WHEN live.deleted THEN 'deleted' ELSE 'live' END AS class
FROM row LEFT JOIN live USING (o);
ALTER TABLE generator.instruction ADD PRIMARY KEY (o);
ANALYZE generator.instruction;

-- Children. A total is dealt out over the instructions of a class by cumulative weights, so that every sum is exact;
-- rows that
-- belong to no (existing) instruction are dealt out over all, so that they are spread over the ids of their table.
CREATE FUNCTION generator.dealt(total numeric, weight_upto numeric, weight numeric,
  weights numeric) RETURNS bigint LANGUAGE sql IMMUTABLE AS
  'SELECT (floor($1 * $2 / $4) - floor($1 * ($2 - $3) / $4))::bigint';

CREATE TABLE generator.child_total AS
WITH t AS (
  SELECT child, generator.n(source) - coalesce(generator.n(gone), 0) - coalesce(generator.n(none), 0) AS rows,
    coalesce(generator.n('D3 ' || child), 0) AS deleted, generator.n('D1 ' || child) AS untreated,
    coalesce(generator.n(gone), 0) AS gone, coalesce(generator.n(none), 0) AS none
  FROM (VALUES ('states', 'dispatch_state', 'D6', NULL), ('tasks', 'dispatch_task', 'D7 gone', 'D7 null'),
    ('plans', 'dispatch_plan', 'D9', NULL),
               ('payments', 'dispatch_payment', NULL, 'D18 none')) v (child, source, gone, none)
  UNION ALL
  SELECT 'files', generator.n('files of orders') + generator.n('D1 files') + generator.n('D3 files'),
    generator.n('D3 files'), generator.n('D1 files'), 0,
    generator.n('dispatch_file') - generator.n('files of orders') - generator.n('D1 files') - generator.n('D3 files'))
-- where no number is set for the untreated, they are treated like live ones: by their share
SELECT child, class, CASE class WHEN 'deleted' THEN deleted WHEN 'untreated' THEN u
  ELSE rows - deleted - u END AS total, gone, none
FROM (SELECT *, coalesce(untreated, round((rows - deleted) * generator.n('D1 orders')::numeric / generator.n('dispatch_instruction'))) AS u FROM t) x,
  unnest(ARRAY['live', 'deleted', 'untreated']) class;

CREATE TABLE generator.children AS
WITH w AS (
  SELECT o, class, c.child, generator.i('many ' || c.child, i.o, CASE c.child WHEN 'states' THEN 1000 ELSE 1700 END)
                     + CASE c.child WHEN 'states' THEN 1 WHEN 'payments' THEN 100 ELSE 300 END AS weight
  FROM generator.instruction i JOIN generator.child_total c USING (class)),
s AS (
  SELECT *, sum(weight) OVER (PARTITION BY child, class ORDER BY o) AS upto,
    sum(weight) OVER (PARTITION BY child, class) AS weights,
    generator.n('dispatch_instruction') AS n FROM w),
d AS (
  SELECT s.o, child, class, generator.dealt(total, upto, weight, weights) AS own,
    generator.dealt(gone, s.o, 1, n) AS gone, generator.dealt(none, s.o, 1, n) AS none
  FROM s JOIN generator.child_total USING (child, class))
SELECT *, sum(own + gone + none) OVER w::bigint - (own + gone + none) AS before,
          -- rows of the table before this instruction's
  sum(own) OVER (PARTITION BY child, class ORDER BY o)::bigint - own AS own_before,      -- … of its own class
  sum(none) OVER w::bigint - none AS none_before
FROM d WINDOW w AS (PARTITION BY child ORDER BY o);
ALTER TABLE generator.children ADD PRIMARY KEY (child, o);
ANALYZE generator.children;

-- Jaws: 70 % of the instructions have both sides, 28 % one, 2 % none; deleted and untreated ones get exactly theirs.
CREATE TABLE generator.jaw_plan AS
WITH size AS (
  SELECT class, n, CASE class WHEN 'deleted' THEN generator.n('D3 jaws') WHEN 'untreated' THEN generator.n('D1 jaws')
                     ELSE generator.n('dispatch_jaw') - generator.n('D4') - generator.n('D3 jaws') - generator.n('D1 jaws') + generator.n('D5') END AS jaws
  FROM (SELECT class, count(*) AS n FROM generator.instruction GROUP BY 1) c),
none AS (
  SELECT *, CASE class WHEN 'live' THEN greatest(0, round(generator.n('dispatch_instruction') * 0.02)
                     - coalesce((SELECT n - jaws / 2 FROM size WHERE class = 'deleted'), 0))
WHEN 'deleted' THEN n - (jaws + 1) / 2 ELSE 0 END::bigint AS empty FROM size),
sides AS (SELECT class, n, jaws, greatest(0, jaws - (n - e)) AS two, e AS empty
          FROM (SELECT *, greatest(empty, n - jaws) AS e FROM none) x),
placed AS (SELECT o, class, row_number() OVER (PARTITION BY class ORDER BY generator.h('jaws', o), o) AS place
  FROM generator.instruction),
given AS (
  SELECT o, class, place, place <= two OR place <= n - empty AND generator.i('side', o, 2) = 0 AS upper,
    place <= two OR place <= n - empty AND generator.i('side', o, 2) = 1 AS lower,
    -- D5: the lower side of these is the upper jaw of another one
    class = 'live' AND place <= generator.n('D5') AS borrows,
      class = 'live' AND place > two - generator.n('D5') AND place <= two AS lends
  FROM placed JOIN sides USING (class)),
rows AS (
  SELECT o, 1 AS side FROM given WHERE upper
  UNION ALL SELECT o, 2 FROM given WHERE lower AND NOT borrows
  UNION ALL SELECT generator.i('ownerless', j, generator.n('dispatch_instruction')) + 1, 2 + j
    FROM generate_series(1, generator.n('D4')) j),
numbered AS (SELECT *, row_number() OVER (ORDER BY o, side) AS jaw FROM rows),
borrowed AS (SELECT g.o, n.jaw FROM given g
  JOIN (SELECT o, row_number() OVER (ORDER BY place) AS r FROM given WHERE lends) l ON l.r = g.place
             JOIN numbered n ON n.o = l.o AND n.side = 1 WHERE g.borrows)
SELECT n.jaw, n.o, n.side FROM numbered n
UNION ALL SELECT jaw, o, 2 FROM borrowed;
INSERT INTO dispatch_jaw
SELECT generator.id(o),
  CASE WHEN generator.pos('bond', o, generator.n('dispatch_jaw')) < generator.k(869) THEN repeat(' ', 16)
       WHEN generator.i('bonded', o, 10) < 7 THEN repeat('0', 16)
         ELSE right(generator.h('teeth', o)::bit(64)::text, 16) END,
  CASE WHEN generator.pos('extract', o, generator.n('dispatch_jaw')) < generator.k(869) THEN repeat(' ', 16)
       WHEN generator.i('extracted', o, 10) < 9 THEN repeat('0', 16)
         ELSE right((generator.h('teeth x', o) & 33)::bit(64)::text, 16) END,
  CASE WHEN generator.i('reason', o, 20) < 3 THEN 1 + generator.i('reason', o, 3) END,
  CASE WHEN generator.i('jaw product', o, 8) > 0 THEN 1 + generator.i('jaw product', o, 14) END,
    generator.i('labial', o, 5) = 0
FROM generate_series(1, generator.n('dispatch_jaw')) o;

INSERT INTO dispatch_instruction
WITH s AS (
  SELECT i.*, p.id AS patient_id, max(j.jaw) FILTER (WHERE side = 1) AS upper,
    max(j.jaw) FILTER (WHERE side = 2) AS lower, generator.n('dispatch_instruction') AS n
  FROM generator.instruction i JOIN generator.patient p ON p.o = i.patient LEFT
    JOIN generator.jaw_plan j ON j.o = i.o AND j.side <= 2
  GROUP BY i.o, p.id)
SELECT id, patient_id, CASE WHEN ordinal = 1 AND generator.i('course', o, 10) < 8 THEN 1
  ELSE (ARRAY[2, 2, 2, 3, 3, 4, 7, 8])[1 + generator.i('course', o, 8)] END,
  CASE WHEN generator.pos('odd order status', o, n) < generator.k(128) THEN (ARRAY[3, 5, 9])[1 + o % 3]
       ELSE (ARRAY[0, 1, 2, 4, 4, 4])[1 + generator.i('order status', o, 6)] END,
  class = 'deleted', CASE WHEN generator.i('submitted order', o, 12) > 0
    THEN generator.at('submitted order', o, 1.0 * o / n) END,
  generator.at('updated order', o, least(1.0, 1.0 * o / n + 0.05)),
    CASE generator.i('order suffix', o, 4) WHEN 0 THEN NULL WHEN 1 THEN '' ELSE chr(65 + (ordinal % 26)::int) END,
  ordinal, generator.id(upper), generator.id(lower), generator.i('cbct', o, 9) = 0,
    CASE WHEN generator.i('model', o, 6) < 4 THEN generator.i('model', o, 4) END,
  CASE WHEN generator.i('scanner', o, 11) < 10 THEN generator.i('scanner', o, 10) END,
  CASE WHEN generator.i('scanner notes', o, 5) = 0 THEN generator.sentence('scanner notes', o) ELSE '' END,
  CASE WHEN generator.i('objective', o, 3) > 0 THEN generator.sentence('objective', o) ELSE '' END,
  CASE WHEN generator.i('conditions', o, 3) = 0 THEN generator.sentence('conditions', o) ELSE '' END,
  CASE generator.i('notes', o, 3) WHEN 0 THEN NULL WHEN 1 THEN '' ELSE generator.sentence('notes', o) END,
  CASE generator.i('complaint', o, 3) WHEN 0 THEN NULL WHEN 1 THEN '' ELSE generator.sentence('complaint', o) END,
  (ARRAY[true, false, NULL])[1 + generator.i('comprehensive', o, 3)],
    (ARRAY[true, false, NULL])[1 + generator.i('extraction', o, 3)],
  CASE WHEN generator.pos('exports', o, n) < generator.k(13) THEN generator.bad_json(generator.pos('exports', o, n))
       WHEN generator.i('exports', o, 20) = 0 THEN generator.good_json('exports', o)
         WHEN generator.i('exports', o, 20) = 1 THEN '' ELSE '{}' END
FROM s ORDER BY s.id;

INSERT INTO dispatch_state
SELECT generator.id(c.before + k), CASE WHEN generator.i('state', c.before + k, 100) < 55 THEN 11 ELSE 12 END,
  generator.i('on', c.before + k, 2) = 0,
  generator.at('state', c.before + k, 1.0 * c.o / generator.n('dispatch_instruction')),
  CASE WHEN generator.pos('state actor', c.before + k, generator.n('dispatch_state')) < generator.k(244) THEN NULL
       ELSE generator.user_id(1 + generator.i('state actor', c.before + k, generator.n('auth_user'))) END,
  CASE WHEN k <= own THEN generator.id(c.o)
    ELSE generator.gone_id(c.before + k, generator.n('dispatch_instruction')) END
FROM generator.children c, LATERAL (SELECT generate_series(1, own + gone + none) AS k) k
WHERE c.child = 'states';
