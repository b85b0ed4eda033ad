-- Notifications. `p` decides what was delivered (sent and send) and, in bands of it, which contexts are no JSON; `q`
-- what it is about.

SET client_min_messages = warning;
SET timezone = 'UTC';

-- Notifications per user follow a power law: the busiest has about one percent of them.
INSERT INTO dispatch_notification
SELECT generator.id(o), timestamptz '2015-02-01 08:00:00Z' + (1.0 * o / n * 328000000.0) * interval '1 second' + (h & 1048575) * interval '1 microsecond',
  (ARRAY['', 'system', ' Dr. Smile', 'no-reply', 'Support'])[1 + (h >> 20) % 5],
  (ARRAY['order_submitted', 'order_approved', 'order_shipped', 'plan_ready', 'plan_commented', 'payment_received',
    'task_due', 'file_uploaded', 'welcome'])[1 + (h >> 23) % 9],
  CASE WHEN bad IS NOT NULL THEN generator.bad_json(bad, p)
       WHEN (h >> 27) % 40 = 0 THEN generator.good_json('context', o)
       WHEN (h >> 27) % 40 = 1 AND odd THEN '{"note": ' || to_json(generator.sentence('context', o)) || '}'
       WHEN (h >> 27) % 40 < 16 THEN '{"order": ' || (h >> 30) % 26000 || ', "patient": "P' || (h >> 33) % 9000
         || '", "days": ' || (h >> 35) % 30 || '}'
       ELSE '{"user": ' || (h >> 30) % 10000 || ', "title": "Case ' || (h >> 33) % 30000 || '", "url": "/orders/'
         || (h >> 31) % 26000 || '/", "count": ' || (h >> 36) % 9 || '}' END,
  p < delivered AND (h >> 40) % 10 < 7 OR p >= delivered AND (h >> 40) % 50 = 0,
  CASE WHEN p < delivered THEN true WHEN p % 7 = 0 THEN true WHEN p % 7 < 3 THEN NULL ELSE false END,
    p < delivered OR p % 7 IN (1, 3),
  generator.user_id(1 + (floor(power(1 + spread * ((h2 & 1073741823) / 1073741824.0::float8),
    2.7548209))::bigint - 1) * 7919 % users),
  CASE WHEN q < 0.22 THEN NULL WHEN q < 0.51 THEN generator.type_id('dispatch', 'instruction') WHEN q < 0.72
    THEN generator.type_id('dispatch', 'plan')
       WHEN q < 0.85 THEN generator.type_id('dispatch', 'patient') WHEN q < 0.93
         THEN generator.type_id('dispatch', 'comment')
       WHEN q < 0.98 THEN generator.type_id('dispatch', 'payment') ELSE generator.type_id('auth', 'user') END,
  CASE WHEN q < 0.22 THEN NULL
       WHEN q < 0.2264 AND defects THEN generator.gone_id(h2 >> 30, generator.n('dispatch_instruction'))
       WHEN q < 0.51 THEN generator.id(1 + (h2 >> 30) % generator.n('dispatch_instruction')) WHEN q < 0.72
         THEN generator.id(1 + (h2 >> 30) % generator.n('dispatch_plan'))
       WHEN q < 0.85 THEN generator.patient_id(1 + (h2 >> 30) % generator.n('dispatch_patient')) WHEN q < 0.93
         THEN generator.id(1 + (h2 >> 30) % generator.n('dispatch_comment'))
       WHEN q < 0.98 THEN generator.id(1 + (h2 >> 30) % generator.n('dispatch_payment'))
         ELSE generator.user_id(1 + (h2 >> 30) % users) END
FROM (
  SELECT *, generator.h('notification', o) AS h, generator.h('notification about', o) AS h2,
    generator.u('item', o) AS q,
    CASE WHEN b < 0 THEN NULL WHEN b < generator.k(19) THEN 'escape' WHEN b < generator.k(19) + generator.k(13)
      THEN 'blank'
         WHEN b < generator.k(19) + generator.k(13) + generator.k(6) THEN 'unicode'
           WHEN b < generator.k(19) + generator.k(13) + generator.k(6) + generator.k(5) THEN 'other'
         WHEN b < 1000000000 THEN NULL
         WHEN b < 1000000000 + generator.k(30) THEN 'escape' WHEN b < 1000000000 + generator.k(30) + generator.k(21)
           THEN 'blank'
         WHEN b < 1000000000 + generator.k(30) + generator.k(21) + generator.k(10) THEN 'unicode'
         WHEN b < 1000000000 + generator.k(30) + generator.k(21) + generator.k(10) + generator.k(8)
           THEN 'other' END AS bad
  FROM (SELECT *, CASE WHEN p < delivered THEN p ELSE 1000000000 + p - delivered END AS b
        FROM (SELECT o, generator.n('dispatch_notification') AS n,
          generator.pos('notification', o, generator.n('dispatch_notification')) AS p,
                generator.n('delivered') AS delivered, generator.n('defects') = 1 AS defects,
                  generator.n('defects') = 1 AS odd, generator.n('auth_user') AS users,
                power(generator.n('auth_user') + 1, 0.363) - 1 AS spread
              FROM generate_series(generator.n('dispatch_notification') * :part / :parts + 1,
                generator.n('dispatch_notification') * (:part + 1) / :parts) o) a) b) c;
