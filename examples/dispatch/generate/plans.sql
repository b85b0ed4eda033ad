-- Projects, plans, brackets, reading marks, comments, notes.

SET client_min_messages = warning;
SET timezone = 'UTC';

INSERT INTO dispatch_project
SELECT generator.id(o), CASE WHEN generator.i('upper uid', o, 20) = 0 AND generator.n('defects') = 1 THEN upper(uid)
  ELSE uid END,
  CASE generator.i('project name', o, 12) WHEN 0 THEN '' WHEN 1 THEN left(generator.sentence('project', o), 200)
    ELSE generator.one('project', o, ARRAY['Scan', 'Plan', 'Photos', 'CBCT', 'Setup']) || ' ' || o END,
  CASE WHEN generator.i('project size', o, 30) > 0 THEN generator.i('project size', o, 900000000) END,
    generator.at('project', o, 1.0 * o / n), generator.i('project public', o, 8) = 0,
  CASE WHEN generator.pos('odd project', o, n) < generator.k(1082) THEN (ARRAY[6, 7, 8, 9, 12, 13])[1 + o % 6]
       WHEN t < 52 THEN 3 WHEN t < 64 THEN 0 WHEN t < 76 THEN 1 WHEN t < 86 THEN 2 WHEN t < 89 THEN 4 WHEN t < 92 THEN 5
         WHEN t < 96 THEN 10 ELSE 11 END,
  CASE WHEN generator.pos('project status', o, n) < generator.r1(14) THEN 1 + o % 3 ELSE 0 END,
  CASE WHEN generator.pos('project creator', o, n) < generator.k(8659) THEN NULL
    ELSE generator.user_id(1 + generator.i('project creator', o, generator.n('auth_user'))) END
FROM (SELECT o, generator.n('dispatch_project') AS n, generator.i('project type', o, 100) AS t,
  md5('project ' || generator.h('project uid', o))::uuid::text AS uid
      FROM generate_series(1, generator.n('dispatch_project')) o) x;

-- 2.9 plans per project, neighbours sharing one.
INSERT INTO dispatch_plan
SELECT generator.id(o), CASE WHEN k <= own THEN generator.id(i)
  ELSE generator.gone_id(o, generator.n('dispatch_instruction')) END,
  generator.id(least(generator.n('dispatch_project'),
    1 + (o - 1) * generator.n('dispatch_project') / n + generator.i('project of plan', o, 2))),
  CASE WHEN generator.pos('plan name', o, n) < generator.k(16739) THEN CASE WHEN o % 4 = 0 THEN '  ' ELSE '' END
       WHEN generator.pos('plan name', o, n) >= n - generator.k(105)
         THEN rpad(generator.sentence('long plan', o) || ' – ', 110 + (o % 90)::int, 'treatment plan, long name; ')
       ELSE generator.one('plan', o, ARRAY['Plan', 'Revision', 'Setup', 'Final', 'Option B', 'Lite']) || ' ' || k END,
  CASE WHEN generator.i('plan number', o, 12) > 0 THEN k END,
  CASE generator.i('plan notes', o, 5) WHEN 0 THEN generator.sentence('plan notes', o) WHEN 1 THEN '' END, k = 1
FROM (SELECT c.o AS i, c.own, c.before + k AS o, k, generator.n('dispatch_plan') AS n
      FROM generator.children c, LATERAL (SELECT generate_series(1, own + gone + none) AS k) k
        WHERE c.child = 'plans') x;

INSERT INTO dispatch_bracket
SELECT generator.id(o), CASE WHEN o % 30 = 0 THEN ' '
  ELSE generator.one('bracket', o, ARRAY['Roth', 'MBT', 'Damon', 'Lingual']) || ' ' || o END,
  generator.id(1 + generator.i('bracket project', o, generator.n('dispatch_project'))),
    generator.i('bracket type', o, 5)
FROM generate_series(1, generator.n('dispatch_bracket')) o;
INSERT INTO dispatch_reading
SELECT generator.id(o), generator.user_id(1 + generator.i('reader', o, generator.n('auth_user'))),
  CASE WHEN generator.n('defects') = 1 AND generator.i('read plan gone', o, 300) = 0
    THEN generator.gone_id(o, generator.n('dispatch_plan'))
       ELSE generator.id(1 + generator.i('read plan', o, generator.n('dispatch_plan'))) END,
  generator.at('read', o, 1.0 * o / generator.n('dispatch_reading'))
FROM generate_series(1, generator.n('dispatch_reading')) o;

-- Comments: one for 6.9 % of the plans, and a second one for some of those. D10 and D21 do not overlap.
INSERT INTO dispatch_comment
SELECT generator.id(o), generator.at('comment', o, 1.0 * o / n),
  CASE WHEN p < generator.n('D21 comments') THEN (ARRAY[NULL, '', '  ', E'\r\n\t'])[1 + p % 4]
       WHEN p < generator.n('D21 comments') + generator.n('D10') THEN 'about a plan that is gone'
       ELSE coalesce(nullif(btrim(generator.sentence('comment', o)), ''), '.') END,
  CASE WHEN generator.pos('comment author', o, n) < generator.k(326) THEN NULL
    ELSE generator.user_id(1 + generator.i('comment author', o, generator.n('auth_user'))) END,
  CASE WHEN p >= generator.n('D21 comments') AND p < generator.n('D21 comments') + generator.n('D10')
    THEN generator.gone_id(p, generator.n('dispatch_plan'))
       ELSE generator.id(1 + (c * plans / commented) % plans) END
FROM (SELECT o, n, generator.pos('comment', o, n) AS p, generator.n('dispatch_plan') AS plans,
  greatest(1, n * 100 / 113) AS commented,
        o % greatest(1, n * 100 / 113) AS c
      FROM (SELECT o, generator.n('dispatch_comment') AS n
        FROM generate_series(1, generator.n('dispatch_comment')) o) y) x;
INSERT INTO dispatch_note
SELECT generator.id(o), generator.at('note', o, 1.0 * o / n),
  CASE WHEN generator.pos('note', o, n) < generator.n('D21 notes') THEN CASE WHEN generator.pos('note', o, n) = 0
    THEN NULL ELSE E' \n ' END
       ELSE coalesce(nullif(btrim(generator.sentence('note', o)), ''), '-') END,
  CASE WHEN generator.i('note author', o, 50) > 0
    THEN generator.user_id(1 + generator.i('note author', o, generator.n('auth_user'))) END,
  (SELECT id FROM generator.doctor d WHERE d.d = 1 + generator.i('note doctor', o,
    (SELECT count(*) FROM generator.doctor)))
FROM (SELECT o, generator.n('dispatch_note') AS n FROM generate_series(1, generator.n('dispatch_note')) o) x;
