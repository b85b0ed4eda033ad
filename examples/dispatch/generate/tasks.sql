-- Tasks: 38 per instruction, in the order of the instructions.

SET client_min_messages = warning;
SET timezone = 'UTC';

-- D8: the first task of some live instructions names a plan that is gone, the second of others a file that is gone.
INSERT INTO dispatch_task
WITH live AS (SELECT o, row_number() OVER (ORDER BY o) AS r, count(*) OVER () AS n FROM generator.instruction
  WHERE class = 'live'),
c AS (
  SELECT t.o AS i, t.own, t.gone, t.none, t.before, p.own AS plans, p.before AS plan_before, f.own AS files,
    f.before AS file_before,
    t.own >= 2 AND coalesce(generator.pos('task plan gone', live.r, live.n) < generator.n('D8 plan'),
      false) AS plan_gone,
    t.own >= 2 AND coalesce(generator.pos('task file gone', live.r, live.n) < generator.n('D8 file'),
      false) AS file_gone
  FROM generator.children t JOIN generator.children p ON p.o = t.o AND p.child = 'plans'
    JOIN generator.children f ON f.o = t.o AND f.child = 'files'
  LEFT JOIN live ON live.o = t.o
  WHERE t.child = 'tasks' AND (t.o - 1) * :parts / generator.n('dispatch_instruction') = :part)
SELECT generator.id(o), generator.id(1 + generator.i('template', o, generator.n('dispatch_template'))),
  CASE WHEN k <= own THEN generator.id(i) WHEN k <= own + gone
    THEN generator.gone_id(o, generator.n('dispatch_instruction')) END,
  CASE WHEN k = 1 AND plan_gone THEN generator.gone_id(o, generator.n('dispatch_plan'))
       WHEN plans > 0 AND generator.i('task plan', o, 10) < 6
         THEN generator.id(plan_before + 1 + generator.i('task plan', o, plans)) END,
  CASE WHEN generator.i('task order', o, 50) = 0
    THEN generator.id(1 + generator.i('task order', o, generator.n('dispatch_order'))) END,
  CASE WHEN k = 2 AND file_gone THEN generator.gone_id(o, generator.n('dispatch_file'))
       WHEN files > 0 AND generator.i('task file', o, 100) < 15
         THEN generator.id(file_before + 1 + generator.i('task file', o, files)) END,
  CASE WHEN generator.pos('task actor', o, n) < generator.k(290700) THEN NULL
    ELSE generator.user_id(1 + generator.i('task actor', o, generator.n('auth_user'))) END,
  generator.i('checked', o, 100) < 80,
  CASE WHEN generator.i('checked', o, 100) < 86
    THEN generator.at('done', o, 1.0 * i / generator.n('dispatch_instruction')) END,
  CASE generator.i('task text', o, 8) WHEN 0 THEN generator.sentence('task', o) WHEN 1 THEN '' END,
    (ARRAY[0, 0, 1, 2, NULL])[1 + generator.i('task jaw', o, 5)]
FROM (SELECT *, before + k AS o, generator.n('dispatch_task') AS n FROM c,
  LATERAL (SELECT generate_series(1, own + gone + none) AS k) k) x;
