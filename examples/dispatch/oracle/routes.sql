-- The routes: from where, to where, by which key, and what becomes of the rows that are not applied.

CREATE TABLE expected.route (
  position integer GENERATED ALWAYS AS IDENTITY,
  name text PRIMARY KEY,                     -- of the route, and of the view of its expected rows
  source text NOT NULL,                      -- legacy table
  target text NOT NULL,                      -- target table
  key text[] NOT NULL DEFAULT '{id}',        -- of the target table
  legacy_column text,                        -- that tells which legacy row a target row stands for
  only_rows text NOT NULL DEFAULT 'true',    -- the part of the target table that belongs to this route
  kept text NOT NULL DEFAULT 'false',        -- rows (alias a) that may stay although the source does not explain them any more
  compared boolean NOT NULL DEFAULT false);

INSERT INTO expected.route (name, source, target, legacy_column) VALUES
  ('system_messages', 'dispatch_notification', 'system_messages', 'legacy_notification_id'),
  ('tasks', 'dispatch_task', 'tasks', 'legacy_task_id'),
  ('files', 'dispatch_file', 'files', 'legacy_file_id'),
  ('treatment_plans', 'dispatch_plan', 'treatment_plans', 'legacy_plan_id'),
  ('order_files', 'dispatch_file', 'order_files', 'legacy_file_id'),
  ('case_files', 'dispatch_file', 'case_files', 'legacy_file_id'),
  ('messages', 'dispatch_record', 'messages', 'legacy_record_id'),
  ('projects', 'dispatch_project', 'projects', 'legacy_project_id'),
  ('orders', 'dispatch_instruction', 'orders', 'legacy_instruction_id'),
  ('jaws', 'dispatch_jaw', 'jaws', 'legacy_jaw_id'),
  ('payments', 'dispatch_payment', 'payments', 'legacy_payment_id'),
  ('offices', 'dispatch_office', 'offices', 'legacy_office_id'),
  ('profiles', 'auth_user', 'profiles', 'legacy_user_id'),
  ('doctors', 'auth_user', 'doctors', 'legacy_user_id'),
  ('patients', 'dispatch_patient', 'patients', 'legacy_patient_id'),
  ('cases', 'dispatch_patient', 'cases', 'legacy_patient_id'),
  ('technicians', 'auth_user', 'technicians', 'legacy_user_id'),
  ('technician_roles', 'dispatch_role', 'technician_roles', 'legacy_role_id'),
  ('teams', 'auth_group', 'teams', 'legacy_group_id'),
  ('roles', 'dispatch_role', 'roles', 'legacy_role_id'),
  ('role_permissions', 'dispatch_role_permissions', 'role_permissions', 'legacy_junction_id'),
  ('categories', 'dispatch_category', 'categories', 'legacy_category_id'),
  ('courses', 'dispatch_course', 'courses', 'legacy_course_id'),
  ('products', 'dispatch_product', 'products', 'legacy_product_id'),
  ('order_states', 'dispatch_state', 'order_states', 'legacy_state_id'),
  ('brackets', 'dispatch_bracket', 'brackets', 'legacy_bracket_id'),
  ('storages', 'dispatch_storage', 'storages', 'legacy_storage_id'),
  ('wares', 'dispatch_ware', 'wares', 'legacy_ware_id'),
  ('message_attachments', 'dispatch_file', 'message_attachments', 'legacy_file_id'),
  ('templates', 'dispatch_template', 'templates', 'legacy_template_id'),
  ('operations', 'dispatch_operation', 'operations', 'legacy_operation_id'),
  ('offers', 'dispatch_offer', 'offers', 'legacy_offer_id'),
  ('discounts', 'dispatch_discount', 'discounts', 'legacy_discount_id'),
  ('global_settings', 'dispatch_globalsetting', 'global_settings', 'legacy_setting_id');
-- an order and its case are told apart by nothing but their ids
INSERT INTO expected.route (name, source, target) VALUES ('order_cases', 'dispatch_instruction', 'order_cases');
INSERT INTO expected.route (name, source, target, key, legacy_column) VALUES
  ('treatment_discussions', 'dispatch_comment', 'treatment_discussions', '{comment_id}', 'legacy_comment_id'),
  ('doctor_notes', 'dispatch_note', 'doctor_notes', '{comment_id}', 'legacy_note_id'),
  ('patients_doctors_offices', 'dispatch_patient', 'patients_doctors_offices', '{patient_id}', NULL),
  ('doctor_offices', 'dispatch_office_doctors', 'doctor_offices', '{doctor_id,office_id}', NULL),
  ('team_members', 'auth_user_groups', 'team_members', '{team_id,profile_id}', NULL),
  ('template_products', 'dispatch_template_products', 'template_products', '{template_id,product_id}', NULL),
  ('template_edit_roles', 'dispatch_template_edit_roles', 'template_edit_roles', '{template_id,role_id}', NULL),
  ('template_view_roles', 'dispatch_template_view_roles', 'template_view_roles', '{template_id,role_id}', NULL),
  ('template_view_groups', 'dispatch_template_view_groups', 'template_view_groups', '{template_id,team_id}', NULL),
  ('template_predecessors', 'dispatch_template_predecessors', 'template_predecessors', '{template_id,predecessor_id}', NULL);
-- one target table, two sources; what is of neither counts with the first
INSERT INTO expected.route (name, source, target, legacy_column, only_rows) VALUES
  ('comments', 'dispatch_comment', 'comments', 'legacy_id', 'legacy_table IS DISTINCT FROM ''dispatch_note'''),
  ('note_comments', 'dispatch_note', 'comments', 'legacy_id', 'legacy_table = ''dispatch_note''');
-- an office that the source deleted stays, closed; a course stays as it was
UPDATE expected.route SET kept = 'NOT a.is_active AND a.legacy_office_id IS NOT NULL
  AND NOT EXISTS (SELECT FROM legacy.dispatch_office o WHERE o.id = a.legacy_office_id)' WHERE name = 'offices';
UPDATE expected.route SET kept = 'a.legacy_course_id IS NOT NULL
  AND NOT EXISTS (SELECT FROM legacy.dispatch_course c WHERE c.id = a.legacy_course_id)' WHERE name = 'courses';

-- Columns that no route names: the target's defaults, untouched. Not listed are the times of insertion, and
-- profiles.auth_user_id, which belongs to the new application from the first day.
CREATE TABLE expected.untouched (target text, column_name text, value text, PRIMARY KEY (target, column_name));
INSERT INTO expected.untouched VALUES
  ('offices', 'metadata', '{}'), ('profiles', 'is_verified', 'false'), ('profiles', 'insurance_info', NULL),
  ('profiles', 'medical_history', NULL), ('profiles', 'legacy_patient_id', NULL), ('doctors', 'specialty', 'orthodontics'),
  ('doctors', 'primary_office_id', NULL), ('doctors', 'is_accepting_patients', 'true'),
  ('doctors', 'max_patient_load', '500'), ('doctors', 'metadata', '{}'), ('doctor_offices', 'is_primary', 'false'),
  ('doctor_offices', 'is_active', 'true'), ('patients', 'metadata', '{}'), ('technicians', 'metadata', '{}'),
  ('technician_roles', 'is_active', 'true'), ('technician_roles', 'metadata', '{}'), ('teams', 'team_type', 'operational'),
  ('teams', 'metadata', '{}'), ('roles', 'is_active', 'true'), ('roles', 'metadata', '{}'),
  ('role_permissions', 'is_active', 'true'), ('categories', 'display_order', '0'), ('products', 'base_price', NULL),
  ('products', 'sku', NULL), ('products', 'legacy_course_id', NULL), ('cases', 'metadata', '{}'), ('orders', 'amount', NULL),
  ('orders', 'approved_at', NULL), ('orders', 'shipped_at', NULL), ('orders', 'deleted', 'false'),
  ('orders', 'deleted_at', NULL), ('order_cases', 'relationship_type', 'primary'), ('order_cases', 'is_active', 'true'),
  ('order_states', 'notes', NULL), ('order_states', 'metadata', '{}'), ('jaws', 'metadata', '{}'), ('brackets', 'material', NULL),
  ('brackets', 'torque', NULL), ('brackets', 'active', 'true'), ('brackets', 'metadata', '{}'),
  ('treatment_discussions', 'is_visible_to_patient', 'false'), ('comments', 'parent_comment_id', NULL),
  ('messages', 'title', NULL), ('messages', 'is_read', 'false'), ('system_messages', 'message_type', 'notification'),
  ('files', 'uploaded_by', NULL), ('files', 'metadata', '{}'), ('case_files', 'display_order', '0'),
  ('template_products', 'quantity', '1'), ('payments', 'currency', 'USD'), ('offers', 'is_active', 'true'),
  ('global_settings', 'category', 'system'), ('global_settings', 'is_active', 'true');

-- Rows that are read but not applied, each class counted by its own reason: not by what is left over, so that
-- read = applied + filtered + parked + quarantined is a check of this oracle too.
CREATE VIEW expected.held_back AS
WITH live AS (SELECT i.id, i.patient_id, p.doctor_id IS NULL AS refused
              FROM legacy.dispatch_instruction i JOIN legacy.dispatch_patient p ON p.id = i.patient_id WHERE NOT i.deleted),
     deleted AS (SELECT id FROM legacy.dispatch_instruction WHERE deleted),
     doctor AS (SELECT user_id FROM legacy.auth_user_groups WHERE group_id = 2
                UNION SELECT doctor_id FROM legacy.dispatch_patient WHERE doctor_id IS NOT NULL),
     refused_file AS (SELECT id FROM legacy.dispatch_file WHERE NOT expected.is_uuid(uid)),
     refused_project AS (SELECT id FROM legacy.dispatch_project WHERE NOT expected.is_uuid(uid)),
     refused_plan AS (SELECT id FROM legacy.dispatch_plan WHERE project_id IN (SELECT id FROM refused_project)),
     jaw_owner AS (SELECT j.id, coalesce(u.id, l.id) AS instruction_id, coalesce(u.refused, l.refused) AS refused
                   FROM legacy.dispatch_jaw j
                   LEFT JOIN (SELECT i.upper_jaw_id, live.* FROM live JOIN legacy.dispatch_instruction i USING (id)) u
                     ON u.upper_jaw_id = j.id
                   LEFT JOIN (SELECT i.lower_jaw_id, live.* FROM live JOIN legacy.dispatch_instruction i USING (id)) l
                     ON l.lower_jaw_id = j.id)
-- filtered: behind soft-deleted instructions, or not of the kind
          SELECT 'orders' AS route, 'filtered' AS status, count(*) AS rows FROM deleted
UNION ALL SELECT 'order_cases', 'filtered', count(*) FROM deleted
UNION ALL SELECT 'jaws', 'filtered', count(*) FROM jaw_owner WHERE instruction_id IS NULL
UNION ALL SELECT 'order_states', 'filtered', count(*) FROM legacy.dispatch_state WHERE instruction_id IN (SELECT id FROM deleted)
UNION ALL SELECT 'tasks', 'filtered', count(*) FROM legacy.dispatch_task WHERE instruction_id IN (SELECT id FROM deleted)
UNION ALL SELECT r, 'filtered', count(*) FROM legacy.dispatch_file, unnest(ARRAY['order_files', 'case_files']) r
          WHERE instruction_id IS NULL OR instruction_id IN (SELECT id FROM deleted) GROUP BY r
UNION ALL SELECT 'message_attachments', 'filtered', count(*) FROM legacy.dispatch_file WHERE record_id IS NULL
UNION ALL SELECT r, 'filtered', count(*) FROM legacy.dispatch_comment, unnest(ARRAY['comments', 'treatment_discussions']) r
          WHERE text IS NULL OR text !~ '\S' GROUP BY r
UNION ALL SELECT r, 'filtered', count(*) FROM legacy.dispatch_note, unnest(ARRAY['note_comments', 'doctor_notes']) r
          WHERE text IS NULL OR text !~ '\S' GROUP BY r
UNION ALL SELECT 'system_messages', 'filtered', coalesce(sum(rows), 0) FROM legacy.left_behind
          WHERE table_name = 'dispatch_notification'
UNION ALL SELECT 'doctors', 'filtered', count(*) FROM legacy.auth_user WHERE id NOT IN (SELECT user_id FROM doctor)
UNION ALL SELECT 'technicians', 'filtered', count(*) FROM legacy.auth_user u
          WHERE NOT EXISTS (SELECT FROM legacy.auth_user_groups g WHERE g.user_id = u.id AND g.group_id = 11)
UNION ALL SELECT 'technician_roles', 'filtered', count(*) FROM legacy.dispatch_role WHERE group_id <> 11
UNION ALL SELECT 'patients_doctors_offices', 'filtered', count(*) FROM legacy.dispatch_patient
          WHERE doctor_id IS NULL OR office_id IS NULL
UNION ALL SELECT 'offices', 'filtered', count(*) FROM expected.id_office WHERE NOT owner
-- quarantined: what the target refuses
UNION ALL SELECT 'orders', 'quarantined', count(*) FROM live WHERE refused
UNION ALL SELECT 'files', 'quarantined', count(*) FROM refused_file
UNION ALL SELECT 'projects', 'quarantined', count(*) FROM refused_project
UNION ALL SELECT 'operations', 'quarantined', count(*) FROM legacy.dispatch_operation WHERE price < 0
UNION ALL SELECT 'discounts', 'quarantined', count(*) FROM legacy.dispatch_discount WHERE percent NOT BETWEEN 0 AND 100
-- parked: behind a refused row, or behind one that is not there
UNION ALL SELECT 'order_cases', 'parked', count(*) FROM live WHERE refused
UNION ALL SELECT 'jaws', 'parked', count(*) FROM jaw_owner WHERE refused
UNION ALL SELECT 'order_states', 'parked', count(*) FROM legacy.dispatch_state s LEFT JOIN live i ON i.id = s.instruction_id
          WHERE coalesce(i.refused, true) AND s.instruction_id NOT IN (SELECT id FROM deleted)
UNION ALL SELECT 'tasks', 'parked', count(*) FROM legacy.dispatch_task t LEFT JOIN live i ON i.id = t.instruction_id
          WHERE t.instruction_id IS NOT NULL AND coalesce(i.refused, true)
            AND t.instruction_id NOT IN (SELECT id FROM deleted)
UNION ALL SELECT 'order_files', 'parked', count(*) FROM legacy.dispatch_file f JOIN live i ON i.id = f.instruction_id
          WHERE i.refused OR f.id IN (SELECT id FROM refused_file)
UNION ALL SELECT 'case_files', 'parked', count(*) FROM refused_file JOIN legacy.dispatch_file f USING (id)
          JOIN live i ON i.id = f.instruction_id
UNION ALL SELECT 'message_attachments', 'parked', count(*) FROM legacy.dispatch_file f WHERE f.record_id IS NOT NULL
          AND (f.id IN (SELECT id FROM refused_file)
               OR NOT EXISTS (SELECT FROM legacy.dispatch_record r WHERE r.id = f.record_id))
UNION ALL SELECT 'treatment_plans', 'parked', count(*) FROM refused_plan
UNION ALL SELECT 'brackets', 'parked', count(*) FROM legacy.dispatch_bracket
          WHERE project_id IN (SELECT id FROM refused_project)
UNION ALL SELECT 'treatment_discussions', 'parked', count(*) FROM legacy.dispatch_comment c WHERE text ~ '\S'
          AND (c.plan_id IN (SELECT id FROM refused_plan)
               OR NOT EXISTS (SELECT FROM legacy.dispatch_plan p WHERE p.id = c.plan_id))
UNION ALL SELECT 'doctor_offices', 'parked', count(*) FROM legacy.dispatch_office_doctors
          WHERE user_id NOT IN (SELECT user_id FROM doctor);
