-- The audit log: the largest table by bytes. It is never migrated, but it is in the stream.

SET client_min_messages = warning;
SET timezone = 'UTC';

INSERT INTO dispatch_action
SELECT generator.id(o), (ARRAY['create', 'update', 'delete', 'view', 'login', 'upload', 'approve', 'ship'])[1 + h % 8],
  timestamptz '2015-02-01 08:00:00Z' + (1.0 * o / n * 328000000.0) * interval '1 second' + (h & 1048575) * interval '1 microsecond',
  '{"before": {"hash": "' || md5(h::text) || '", "status": ' || (h >> 3) % 9
    || ', "notes": "as discussed with the doctor, see the photos of the upper arch"}, "after": {"hash": "'
    || md5(h2::text) || '", "status": ' || (h >> 7) % 9 || ', "notes": "stage ' || (h >> 11) % 40
      || ' of the lower arch, please check the midline before shipping"}, "ip": "10.'
    || (h >> 15) % 256 || '.' || (h >> 23) % 256 || '.7", "agent": "Mozilla/5.0 (X11; Linux x86_64) dispatch-desktop/3.'
      || (h >> 31) % 12 || '"}',
  CASE WHEN h % 50 > 0 THEN generator.user_id(1 + (h >> 9) % generator.n('auth_user')) END,
  CASE (h2 >> 3) % 5 WHEN 0 THEN NULL WHEN 1 THEN generator.type_id('dispatch', 'patient') WHEN 2
    THEN generator.type_id('dispatch', 'task')
       ELSE generator.type_id('dispatch', 'instruction') END,
  CASE (h2 >> 3) % 5 WHEN 0 THEN NULL WHEN 1 THEN generator.patient_id(1 + (h2 >> 8) % generator.n('dispatch_patient'))
       WHEN 2 THEN generator.id(1 + (h2 >> 8) % generator.n('dispatch_task'))
         ELSE generator.id(1 + (h2 >> 8) % generator.n('dispatch_instruction')) END,
  CASE (h2 >> 40) % 4 WHEN 0 THEN generator.type_id('auth', 'user') END,
    CASE (h2 >> 40) % 4 WHEN 0 THEN generator.user_id(1 + (h2 >> 12) % generator.n('auth_user')) END
FROM (SELECT o, n, generator.h('action', o) AS h, generator.h('action about', o) AS h2
      FROM (SELECT o, generator.n('dispatch_action') AS n
            FROM generate_series(generator.n('dispatch_action') * :part / :parts + 1,
              generator.n('dispatch_action') * (:part + 1) / :parts) o) a) b;
