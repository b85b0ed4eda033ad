-- What the initial copy of a generated database must come to, by the generator's own bookkeeping: it reads the
-- parameters, never
-- the tables. Run on the legacy database after `load`; one row per route: read = applied + filtered + parked +
-- quarantined.

WITH p AS (
  SELECT generator.n('D1 orders') AS untreated, generator.n('D3') AS deleted, generator.n('D15') AS bad_uid,
    generator.n('D15 with order') AS bad_uid_order,
    generator.n('class doctor and technician') + generator.n('class technician') AS technicians,
    generator.n('group 2') + generator.n('doctors outside group 2') AS doctors,
    generator.n('dispatch_file') - generator.n('files of orders') - generator.n('D1 files') AS no_order_file),
memberships AS (
  SELECT generator.n('dispatch_patient') - generator.n('class patient without group') + generator.n('group 2')
    + generator.n('class doctor and technician') + generator.n('class doctor and administrator') + generator.n('class technician')
    + least(generator.n('class technician'), generator.n('technicians in one more group')) + generator.n('class administrator')
    + generator.n('class master') + 2 * generator.n('class master and more') AS n),
-- Routes that lose rows; every other route applies all it reads.
outcome (route, source, filtered, parked, quarantined) AS (
  SELECT v.* FROM p, LATERAL (VALUES
    ('offices', 'dispatch_office', 0::bigint, 0::bigint, 0::bigint), ('profiles', 'auth_user', 0, 0, 0),
    ('doctors', 'auth_user', generator.n('auth_user') - doctors, 0, 0),
    ('doctor_offices', 'dispatch_office_doctors', 0, generator.n('D12'), 0),
    ('patients', 'dispatch_patient', 0, 0, 0),
    ('patients_doctors_offices', 'dispatch_patient', generator.n('D1 patients') + generator.n('D2'), 0, 0),
    ('cases', 'dispatch_patient', 0, 0, 0),
    ('technicians', 'auth_user', generator.n('auth_user') - technicians, 0, 0),
    ('technician_roles', 'dispatch_role', generator.n('dispatch_role') / 3, 0, 0),
    ('teams', 'auth_group', 0, 0, 0), ('team_members', 'auth_user_groups', 0, 0, 0),
      ('roles', 'dispatch_role', 0, 0, 0),
    ('role_permissions', 'dispatch_role_permissions', 0, 0, 0), ('categories', 'dispatch_category', 0, 0, 0),
    ('courses', 'dispatch_course', 0, 0, 0), ('products', 'dispatch_product', 0, 0, 0),
    ('orders', 'dispatch_instruction', deleted, 0, untreated),
    ('order_cases', 'dispatch_instruction', deleted, untreated, 0),
    ('jaws', 'dispatch_jaw', generator.n('D4') + generator.n('D3 jaws'), generator.n('D1 jaws'), 0),
    ('order_states', 'dispatch_state', generator.n('D3 states'), generator.n('D6') + generator.n('D1 states'), 0),
    ('projects', 'dispatch_project', 0, 0, 0), ('treatment_plans', 'dispatch_plan', 0, 0, 0),
      ('brackets', 'dispatch_bracket', 0, 0, 0),
    ('storages', 'dispatch_storage', 0, 0, 0), ('wares', 'dispatch_ware', 0, 0, 0),
    ('comments', 'dispatch_comment', generator.n('D21 comments'), 0, 0),
    ('treatment_discussions', 'dispatch_comment', generator.n('D21 comments'), generator.n('D10'), 0),
    ('note_comments', 'dispatch_note', generator.n('D21 notes'), 0, 0),
      ('doctor_notes', 'dispatch_note', generator.n('D21 notes'), 0, 0),
    ('messages', 'dispatch_record', 0, 0, 0),
    ('system_messages', 'dispatch_notification', generator.n('dispatch_notification') - generator.n('delivered'), 0, 0),
    ('files', 'dispatch_file', 0, 0, bad_uid),
    ('order_files', 'dispatch_file', no_order_file, generator.n('D1 files') + bad_uid_order, 0),
    ('case_files', 'dispatch_file', no_order_file, bad_uid_order, 0),
    ('message_attachments', 'dispatch_file', generator.n('dispatch_file') - generator.n('files of records') - generator.n('D11'), generator.n('D11'), 0),
    ('templates', 'dispatch_template', 0, 0, 0), ('template_products', 'dispatch_template_products', 0, 0, 0),
    ('template_edit_roles', 'dispatch_template_edit_roles', 0, 0, 0),
      ('template_view_roles', 'dispatch_template_view_roles', 0, 0, 0),
    ('template_view_groups', 'dispatch_template_view_groups', 0, 0, 0),
      ('template_predecessors', 'dispatch_template_predecessors', 0, 0, 0),
    ('tasks', 'dispatch_task', generator.n('D3 tasks'), generator.n('D7 gone') + generator.n('D1 tasks'), 0),
    ('payments', 'dispatch_payment', 0, 0, 0), ('operations', 'dispatch_operation', 0, 0, generator.n('D14')),
    ('offers', 'dispatch_offer', 0, 0, 0), ('discounts', 'dispatch_discount', 0, 0, generator.n('D13')),
    ('global_settings', 'dispatch_globalsetting', 0, 0, 0)) v (route, source, filtered, parked, quarantined))
SELECT route, read, read - filtered - parked - quarantined AS applied, filtered, parked, quarantined
FROM (SELECT o.*, CASE source WHEN 'auth_user_groups' THEN (SELECT n FROM memberships)
  ELSE generator.n(source) END AS read FROM outcome o) r
ORDER BY route COLLATE "C";
