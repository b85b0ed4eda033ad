-- What the target must hold: a view per route, with the columns that have a source. Written by hand from what the migration
-- means. Columns that the target keeps for itself are in routes.sql.

-- People and places ---------------------------------------------------------------------------------------------------

CREATE VIEW expected.offices AS
SELECT x.id, coalesce(expected.tidy(o.name), 'Office ' || o.id) AS name, expected.tidy(o.address) AS address,
       expected.tidy(o.apt) AS apartment, expected.tidy(o.city) AS city, expected.tidy(o.state) AS state,
       nullif(o.zip, '') AS zip_code, coalesce(nullif(btrim(o.country), ''), 'US') AS country,
       nullif(o.phone, '') AS phone, coalesce(o.tax_rate / 100, 0) AS tax_rate,
       nullif(o.sq_customer_id, '') AS square_customer_id, o.valid AS is_active, o.emails AS email_notifications,
       o.id AS legacy_office_id
FROM legacy.dispatch_office o JOIN expected.id_office x ON x.legacy_id = o.id AND x.owner;

-- What a person is: a patient by the patient row, else by the strongest group, else by the flags.
CREATE VIEW expected.profiles AS
SELECT x.id,
       CASE WHEN p.id IS NOT NULL THEN 'patient' WHEN g.doctor THEN 'doctor' WHEN g.technician THEN 'technician'
            WHEN g.master OR u.is_superuser OR u.is_staff THEN 'master' ELSE 'client' END AS profile_type,
       CASE WHEN expected.tidy(u.first_name) <> 'null' THEN expected.tidy(u.first_name) ELSE 'Unknown' END AS first_name,
       CASE WHEN expected.tidy(u.last_name) <> 'null' THEN expected.tidy(u.last_name) ELSE 'Unknown' END AS last_name,
       expected.address(u.email) AS email, NULL::text AS phone, p.birthdate AS date_of_birth,
       CASE WHEN p.id IS NOT NULL THEN CASE p.sex WHEN 0 THEN 'other' WHEN 1 THEN 'male' WHEN 2 THEN 'female'
            ELSE 'unknown' END END AS gender,
       u.username, u.password AS password_hash, u.is_active, p.archived IS TRUE AS archived,
       p.suspended IS TRUE AS suspended, nullif(btrim(p.suffix), '') AS patient_suffix, u.last_login AS last_login_at,
       CASE WHEN expected.address(u.email) IS NULL AND btrim(u.email) <> ''
            THEN jsonb_build_object('legacy_email', btrim(u.email)) ELSE '{}' END AS metadata,
       u.id AS legacy_user_id, u.date_joined AS created_at
FROM legacy.auth_user u
JOIN expected.id_profile x ON x.legacy_id = u.id
LEFT JOIN legacy.dispatch_patient p ON p.user_id = u.id
LEFT JOIN (SELECT user_id, bool_or(group_id = 2) AS doctor, bool_or(group_id = 11) AS technician,
                  bool_or(group_id IN (4, 5)) AS master
           FROM legacy.auth_user_groups GROUP BY user_id) g ON g.user_id = u.id;

CREATE VIEW expected.doctors AS
SELECT x.id, pr.id AS profile_id, 'DOC-' || CASE WHEN u.id < 1000000 THEN to_char(u.id, 'FM000000') ELSE u.id::text END
         AS doctor_number,
       CASE WHEN u.is_active THEN 'active' ELSE 'inactive' END AS status,
       nullif(btrim(s.clinical_preferences), '') AS clinical_preferences, nullif(s.sq_customer_id, '') AS square_customer_id,
       s.credit, s.promised_payment, s.installment_payments, s.company_account, s.baa_agreed_at, s.eula_agreed_at,
       u.date_joined AS joined_practice_at, u.id AS legacy_user_id
FROM legacy.auth_user u
JOIN expected.id_doctor x ON x.legacy_id = u.id
JOIN expected.id_profile pr ON pr.legacy_id = u.id
LEFT JOIN legacy.dispatch_doctorsetting s ON s.user_id = u.id;

CREATE VIEW expected.doctor_offices AS
SELECT d.id AS doctor_id, o.id AS office_id
FROM legacy.dispatch_office_doctors l
JOIN expected.id_doctor d ON d.legacy_id = l.user_id
JOIN expected.id_office o ON o.legacy_id = l.office_id;

CREATE VIEW expected.patients AS
SELECT x.id, pr.id AS profile_id, 'PAT-' || CASE WHEN p.id < 1000000 THEN to_char(p.id, 'FM000000') ELSE p.id::text END
         AS patient_number,
       nullif(btrim(p.suffix), '') AS suffix,
       CASE p.sex WHEN 0 THEN 'other' WHEN 1 THEN 'male' WHEN 2 THEN 'female' ELSE 'unknown' END AS sex,
       p.birthdate AS date_of_birth, d.id AS primary_doctor_id, o.id AS assigned_office_id,
       CASE p.status WHEN 2 THEN 'on_hold' WHEN 10 THEN 'archived' ELSE 'active' END AS status,
       p.archived IS TRUE AS archived, p.suspended, expected.json(p.schemes, 'raw') AS schemes,
       p.submitted_at AS enrolled_at, p.id AS legacy_patient_id, p.user_id AS legacy_user_id
FROM legacy.dispatch_patient p
JOIN expected.id_patient x ON x.legacy_id = p.id
JOIN expected.id_profile pr ON pr.legacy_id = p.user_id
LEFT JOIN expected.id_doctor d ON d.legacy_id = p.doctor_id
LEFT JOIN expected.id_office o ON o.legacy_id = p.office_id;

CREATE VIEW expected.patients_doctors_offices AS
SELECT x.id AS patient_id, d.id AS doctor_id, o.id AS office_id
FROM legacy.dispatch_patient p
JOIN expected.id_patient x ON x.legacy_id = p.id
JOIN expected.id_doctor d ON d.legacy_id = p.doctor_id
JOIN expected.id_office o ON o.legacy_id = p.office_id;

-- every patient is one case, and its number carries the suffix when there is one
CREATE VIEW expected.cases AS
SELECT c.id, 'CASE-' || concat_ws('-', nullif(btrim(p.suffix), ''), p.id) AS case_number, x.id AS patient_id,
       d.id AS primary_doctor_id, o.id AS office_id,
       coalesce(('{"2": "diagnosis", "3": "treatment_plan", "4": "active", "5": "refinement", "6": "retention",
         "7": "completed", "8": "cancelled", "9": "on_hold", "10": "transferred", "11": "revision"}'::jsonb)
         ->> p.status::text, 'consultation') AS status,
       p.archived IS TRUE AS deleted, p.id AS legacy_patient_id
FROM legacy.dispatch_patient p
JOIN expected.id_case c ON c.legacy_id = p.id
JOIN expected.id_patient x ON x.legacy_id = p.id
LEFT JOIN expected.id_doctor d ON d.legacy_id = p.doctor_id
LEFT JOIN expected.id_office o ON o.legacy_id = p.office_id;

CREATE VIEW expected.technicians AS
SELECT x.id, pr.id AS profile_id, u.username AS employee_id, u.is_active, (u.date_joined AT TIME ZONE 'UTC')::date AS hire_date,
       CASE WHEN u.is_active THEN 'active' ELSE 'inactive' END AS status, u.id AS legacy_user_id
FROM legacy.auth_user u
JOIN expected.id_technician x ON x.legacy_id = u.id
JOIN expected.id_profile pr ON pr.legacy_id = u.id;

CREATE VIEW expected.technician_roles AS
SELECT expected.uuid('technician_role', r.id) AS id, t.id AS technician_id,
       CASE WHEN r.name ILIKE '%design%' THEN 'designing' WHEN r.name ILIKE '%section%' THEN 'sectioning'
            WHEN r.name ILIKE '%quality%' OR r.name ILIKE '%qc%' THEN 'quality_control'
            WHEN r.name ILIKE '%remote%' THEN 'remote' WHEN r.name ILIKE '%master%' THEN 'master'
            ELSE 'manufacturing' END AS role_type,
       coalesce(expected.tidy(r.name), 'Role ' || r.id) AS role_name, nullif(r.abbrev, '') AS abbreviation,
       r.id AS legacy_role_id
FROM legacy.dispatch_role r
LEFT JOIN expected.id_technician t ON t.legacy_id = r.user_id
WHERE r.group_id = 11;

CREATE VIEW expected.teams AS
SELECT x.id, g.name, g.id AS legacy_group_id
FROM legacy.auth_group g JOIN expected.id_team x ON x.legacy_id = g.id;

CREATE VIEW expected.team_members AS
SELECT t.id AS team_id, p.id AS profile_id
FROM legacy.auth_user_groups m
JOIN expected.id_team t ON t.legacy_id = m.group_id
JOIN expected.id_profile p ON p.legacy_id = m.user_id;

CREATE VIEW expected.roles AS
SELECT x.id, coalesce(expected.tidy(r.name), 'Role ' || r.id) AS name, nullif(r.abbrev, '') AS abbreviation,
       r.type AS role_kind, r."order" AS display_order, t.id AS team_id, r.id AS legacy_role_id
FROM legacy.dispatch_role r
JOIN expected.id_role x ON x.legacy_id = r.id
LEFT JOIN expected.id_team t ON t.legacy_id = r.group_id;

CREATE VIEW expected.role_permissions AS
SELECT expected.uuid('role_permission', l.id) AS id, r.id AS role_id, p.codename AS permission,
       c.app_label || '.' || c.model AS resource, l.id AS legacy_junction_id
FROM legacy.dispatch_role_permissions l
JOIN expected.id_role r ON r.legacy_id = l.role_id
JOIN legacy.auth_permission p ON p.id = l.permission_id
JOIN legacy.django_content_type c ON c.id = p.content_type_id;

-- Catalogue -----------------------------------------------------------------------------------------------------------

CREATE VIEW expected.categories AS
SELECT x.id, coalesce(expected.tidy(c.name), 'Category ' || c.id) AS name, parent.id AS parent_id, c.id AS legacy_category_id
FROM legacy.dispatch_category c
JOIN expected.id_category x ON x.legacy_id = c.id
LEFT JOIN expected.id_category parent ON parent.legacy_id = c.parent_id;

-- The kind of a course is told by its id alone; `type` counts otherwise.
CREATE VIEW expected.kind_of_course AS
SELECT c.id AS course_id, coalesce(k.kind, 'main') AS kind
FROM legacy.dispatch_course c
LEFT JOIN (VALUES (2, 'refinement'), (3, 'replacement'), (4, 'any'), (7, 'invoice'), (8, 'merchandise')) k (id, kind)
  ON k.id = c.id;

CREATE VIEW expected.courses AS
SELECT x.id, c.name, k.kind AS course_type, expected.json(c.customization, 'raw') AS customization, c.id AS legacy_course_id
FROM legacy.dispatch_course c
JOIN expected.id_course x ON x.legacy_id = c.id
JOIN expected.kind_of_course k ON k.course_id = c.id;

CREATE VIEW expected.products AS
SELECT x.id, p.name, nullif(p.description, '') AS description, c.id AS course_id, coalesce(k.kind, 'main') AS course_type,
       p.free AS is_free, NOT p.deleted AS is_active, expected.json(p.customization, 'raw') AS customization,
       jsonb_strip_nulls(jsonb_build_object('type', p.type::text, 'substitute', p.substitute::text)) AS metadata,
       p.id AS legacy_product_id
FROM legacy.dispatch_product p
JOIN expected.id_product x ON x.legacy_id = p.id
LEFT JOIN expected.id_course c ON c.legacy_id = p.course_id
LEFT JOIN expected.kind_of_course k ON k.course_id = p.course_id;

CREATE VIEW expected.storages AS
SELECT x.id, s.name, s.id AS legacy_storage_id
FROM legacy.dispatch_storage s JOIN expected.id_storage x ON x.legacy_id = s.id;

CREATE VIEW expected.wares AS
SELECT expected.uuid('ware', w.id) AS id, s.id AS storage_id, w.name, nullif(w.code, '') AS code, w.quantity, w.minimum,
       w.id AS legacy_ware_id
FROM legacy.dispatch_ware w JOIN expected.id_storage s ON s.legacy_id = w.storage_id;

-- Orders and clinical work --------------------------------------------------------------------------------------------

-- id_order holds just the orders that are live and have a doctor
CREATE VIEW expected.orders AS
SELECT x.id, concat_ws('-', nullif(btrim(p.suffix), ''), i.id) AS order_number, pa.id AS patient_id, d.id AS doctor_id,
       o.id AS office_id, c.id AS course_id, coalesce(k.kind, 'main') AS course_type,
       CASE i.status WHEN 1 THEN 'submitted' WHEN 2 THEN 'approved' WHEN 4 THEN 'shipped' ELSE 'no_product' END AS status,
       nullif(i.suffix, '') AS suffix, nullif(i.notes, '') AS notes, nullif(i.complaint, '') AS complaint,
       nullif(i.objective, '') AS objective, nullif(i.conditions, '') AS conditions, i.cbct, i.submitted_at,
       nullif(expected.json(i.exports, 'raw'), '{}') AS exports,
       jsonb_strip_nulls(jsonb_build_object('ordinal', i."order"::text, 'legacy_status', i.status::text,
         'model', i.model::text, 'scanner', i.scanner::text, 'scanner_notes', nullif(i.scanner_notes, ''),
         'comprehensive', i.comprehensive::text, 'accept_extraction', i.accept_extraction::text)) AS metadata,
       i.id AS legacy_instruction_id, i.updated_at
FROM legacy.dispatch_instruction i
JOIN expected.id_order x ON x.legacy_id = i.id
JOIN legacy.dispatch_patient p ON p.id = i.patient_id
JOIN expected.id_patient pa ON pa.legacy_id = i.patient_id
JOIN expected.id_doctor d ON d.legacy_id = p.doctor_id
LEFT JOIN expected.id_office o ON o.legacy_id = p.office_id
LEFT JOIN expected.id_course c ON c.legacy_id = i.course_id
LEFT JOIN expected.kind_of_course k ON k.course_id = i.course_id;

CREATE VIEW expected.order_cases AS
SELECT expected.uuid('order_case', i.id) AS id, x.id AS order_id, c.id AS case_id
FROM legacy.dispatch_instruction i
JOIN expected.id_order x ON x.legacy_id = i.id
JOIN expected.id_case c ON c.legacy_id = i.patient_id;

-- The side of a jaw is the instruction column that points at it. A soft-deleted instruction owns nothing; upper goes first.
CREATE VIEW expected.owner_of_jaw AS
SELECT DISTINCT ON (jaw_id) jaw_id, side, instruction_id
FROM (SELECT upper_jaw_id AS jaw_id, 'upper' AS side, 1 AS rank, id AS instruction_id
      FROM legacy.dispatch_instruction WHERE NOT deleted AND upper_jaw_id IS NOT NULL
      UNION ALL
      SELECT lower_jaw_id, 'lower', 2, id FROM legacy.dispatch_instruction WHERE NOT deleted AND lower_jaw_id IS NOT NULL) o
ORDER BY jaw_id, rank;

CREATE VIEW expected.jaws AS
SELECT expected.uuid('jaw', j.id) AS id, x.id AS order_id, p.id AS product_id, o.side AS jaw_type, j.labial,
       coalesce(nullif(btrim(j.bond_teeth), ''), repeat('0', 16)) AS bond_teeth,
       coalesce(nullif(btrim(j.extract_teeth), ''), repeat('0', 16)) AS extract_teeth,
       CASE j.reason WHEN 1 THEN 'breakage' WHEN 2 THEN 'other' WHEN 3 THEN 'complete' END AS replacement_reason,
       j.id AS legacy_jaw_id
FROM legacy.dispatch_jaw j
JOIN expected.owner_of_jaw o ON o.jaw_id = j.id
JOIN expected.id_order x ON x.legacy_id = o.instruction_id
LEFT JOIN expected.id_product p ON p.legacy_id = j.product_id;

CREATE VIEW expected.order_states AS
SELECT expected.uuid('order_state', s.id) AS id, x.id AS order_id, s.status AS status_code,
       CASE s.status WHEN 11 THEN 'review_approval' WHEN 12 THEN 'processing' ELSE 'status_' || s.status END AS status_name,
       s."on" AS is_active, a.id AS changed_by, s.changed_at, s.id AS legacy_state_id
FROM legacy.dispatch_state s
JOIN expected.id_order x ON x.legacy_id = s.instruction_id
LEFT JOIN expected.id_profile a ON a.legacy_id = s.actor_id;

CREATE VIEW expected.projects AS
SELECT x.id, coalesce(expected.tidy(p.name), 'Project ' || p.id) AS name,
       coalesce(('{"0": "stl_upper", "1": "stl_lower", "2": "clinical_photo", "3": "treatment_plan", "4": "xray",
         "5": "cbct_scan", "10": "simulation", "11": "aligner_design"}'::jsonb) ->> p.type::text, 'other') AS project_type,
       coalesce((ARRAY['in_progress', 'completed', 'archived'])[p.status], 'draft') AS status, c.id AS creator_id,
       p.uid::uuid AS file_uid, p.size AS file_size_bytes, p.public AS is_public,
       jsonb_build_object('legacy_type', p.type::text) AS metadata, p.id AS legacy_project_id, p.created_at
FROM legacy.dispatch_project p
JOIN expected.id_project x ON x.legacy_id = p.id
LEFT JOIN expected.id_profile c ON c.legacy_id = p.creator_id;

-- A plan outlives its instruction: patient and doctor are known from a soft-deleted one, nothing from one that is gone.
CREATE VIEW expected.treatment_plans AS
SELECT x.id, j.id AS project_id, o.id AS order_id, pa.id AS patient_id, d.id AS doctor_id, p.number AS plan_number,
       left(coalesce(expected.tidy(p.name), 'Treatment Plan ' || p.id), 100) AS plan_name, nullif(p.notes, '') AS plan_notes,
       p.original AS is_original, CASE WHEN p.original THEN 'initial_treatment' ELSE 'revision' END AS treatment_type,
       CASE WHEN NOT p.original AND p.number > 1 THEN p.number - 1 ELSE 0 END AS revision_count,
       CASE WHEN length(expected.tidy(p.name)) > 100 THEN jsonb_build_object('full_name', p.name) ELSE '{}' END AS metadata,
       p.id AS legacy_plan_id
FROM legacy.dispatch_plan p
JOIN expected.id_treatment_plan x ON x.legacy_id = p.id
JOIN expected.id_project j ON j.legacy_id = p.project_id
LEFT JOIN expected.id_order o ON o.legacy_id = p.instruction_id
LEFT JOIN legacy.dispatch_instruction i ON i.id = p.instruction_id
LEFT JOIN expected.id_patient pa ON pa.legacy_id = i.patient_id
LEFT JOIN legacy.dispatch_patient lp ON lp.id = i.patient_id
LEFT JOIN expected.id_doctor d ON d.legacy_id = lp.doctor_id;

CREATE VIEW expected.brackets AS
SELECT expected.uuid('bracket', b.id) AS id, j.id AS project_id, coalesce(expected.tidy(b.name), 'Bracket ' || b.id) AS name,
       'type_' || b.type AS bracket_type, b.id AS legacy_bracket_id
FROM legacy.dispatch_bracket b JOIN expected.id_project j ON j.legacy_id = b.project_id;

-- Communication -------------------------------------------------------------------------------------------------------

CREATE VIEW expected.comments AS
SELECT x.id, c.text AS content, 'treatment_discussion' AS comment_type, a.id AS author_id,
       'dispatch_comment' AS legacy_table, c.id AS legacy_id, c.created_at
FROM legacy.dispatch_comment c
JOIN expected.id_comment x ON x.legacy_id = c.id
LEFT JOIN expected.id_profile a ON a.legacy_id = c.author_id;

CREATE VIEW expected.treatment_discussions AS
SELECT x.id AS comment_id, p.id AS treatment_plan_id, c.id AS legacy_comment_id, c.created_at
FROM legacy.dispatch_comment c
JOIN expected.id_comment x ON x.legacy_id = c.id
JOIN expected.id_treatment_plan p ON p.legacy_id = c.plan_id;

CREATE VIEW expected.note_comments AS
SELECT x.id, n.text AS content, 'doctor_note' AS comment_type, a.id AS author_id, 'dispatch_note' AS legacy_table,
       n.id AS legacy_id, n.created_at
FROM legacy.dispatch_note n
JOIN expected.id_note x ON x.legacy_id = n.id
LEFT JOIN expected.id_profile a ON a.legacy_id = n.author_id;

CREATE VIEW expected.doctor_notes AS
SELECT x.id AS comment_id, p.id AS profile_id, d.id AS doctor_id, n.id AS legacy_note_id, n.created_at
FROM legacy.dispatch_note n
JOIN expected.id_note x ON x.legacy_id = n.id
JOIN expected.id_profile p ON p.legacy_id = n.doctor_id
LEFT JOIN expected.id_doctor d ON d.legacy_id = n.doctor_id;

-- Generic references: what a thing is, by name, since the numbers belong to one installation.
CREATE VIEW expected.model AS
SELECT id AS type_id, app_label || '.' || model AS name FROM legacy.django_content_type;

CREATE VIEW expected.messages AS
SELECT x.id,
       CASE r.type WHEN 3 THEN 'user_communication' WHEN 5 THEN 'clinical_note' WHEN 6 THEN 'notification'
            WHEN 8 THEN 'status_update' ELSE 'general' END AS message_type,
       coalesce(r.text, '') AS content, a.id AS sender_id, t.id AS team_id,
       CASE m.name WHEN 'dispatch.patient' THEN 'patient' WHEN 'auth.user' THEN 'user' ELSE 'other' END AS recipient_type,
       CASE m.name WHEN 'dispatch.patient' THEN pa.id WHEN 'auth.user' THEN pr.id END AS recipient_id,
       r.public IS TRUE AS is_public,
       jsonb_strip_nulls(jsonb_build_object('legacy_type', r.type::text, 'target_model', m.name,
         'target_id', r.target_id::text)) AS metadata,
       r.id AS legacy_record_id, r.created_at
FROM legacy.dispatch_record r
JOIN expected.id_message x ON x.legacy_id = r.id
LEFT JOIN expected.model m ON m.type_id = r.target_type_id
LEFT JOIN expected.id_patient pa ON pa.legacy_id = r.target_id
LEFT JOIN expected.id_profile pr ON pr.legacy_id = r.target_id
LEFT JOIN expected.id_profile a ON a.legacy_id = r.author_id
LEFT JOIN expected.id_team t ON t.legacy_id = r.group_id;

CREATE VIEW expected.system_messages AS
SELECT expected.uuid('system_message', n.id) AS id, p.id AS recipient_id, n.template_name AS message_code,
       expected.json(n.template_context, 'raw_context') AS message_data, nullif(btrim(n.sender), '') AS sender,
       o.id AS order_id, n."read" AS is_read, 'legacy' AS source_system,
       CASE WHEN n.item_id IS NULL AND m.name IS NULL THEN '{}'
            ELSE jsonb_strip_nulls(jsonb_build_object('item_model', m.name, 'item_id', n.item_id::text)) END AS metadata,
       n.id AS legacy_notification_id, n.created_at
FROM legacy.dispatch_notification n
JOIN expected.id_profile p ON p.legacy_id = n.recipient_id
LEFT JOIN expected.model m ON m.type_id = n.item_type_id
LEFT JOIN expected.id_order o ON o.legacy_id = n.item_id AND m.name = 'dispatch.instruction';

-- Files ---------------------------------------------------------------------------------------------------------------

CREATE VIEW expected.kind_of_file AS
SELECT unnest(string_to_array(extensions, ' ')) AS ext, kind
FROM (VALUES ('.stl .ply .obj .dcm', 'scan'), ('.jpg .jpeg .png .gif .bmp .heic', 'image'),
             ('.pdf .doc .docx .txt', 'document'), ('.zip .rar .7z', 'package')) k (extensions, kind);

CREATE VIEW expected.files AS
SELECT x.id, f.uid::uuid AS file_uid, o.id AS order_id, p.id AS product_id,
       CASE WHEN f.name <> '' THEN f.name ELSE f.uid END || coalesce(f.ext, '') AS filename,
       nullif(lower(ltrim(f.ext, '.')), '') AS extension, f.type AS file_type, f.status, f.size AS file_size_bytes,
       nullif(f.description, '') AS description, expected.json(f.parameters, 'raw') AS parameters,
       f.created_at AS uploaded_at, f.id AS legacy_file_id
FROM legacy.dispatch_file f
JOIN expected.id_file x ON x.legacy_id = f.id
LEFT JOIN expected.id_order o ON o.legacy_id = f.instruction_id
LEFT JOIN expected.id_product p ON p.legacy_id = f.product_id;

CREATE VIEW expected.order_files AS
SELECT expected.uuid('order_file', f.id) AS id, o.id AS order_id, x.id AS file_id, coalesce(k.kind, 'other') AS category,
       f.id AS legacy_file_id
FROM legacy.dispatch_file f
JOIN expected.id_file x ON x.legacy_id = f.id
JOIN expected.id_order o ON o.legacy_id = f.instruction_id
LEFT JOIN expected.kind_of_file k ON k.ext = lower(f.ext);

-- the case needs no order: it is the patient's, also while the order waits for a doctor
CREATE VIEW expected.case_files AS
SELECT expected.uuid('case_file', f.id) AS id, c.id AS case_id, x.id AS file_id,
       CASE WHEN f.type IN (1, 3, 4, 5) THEN 'photo' WHEN f.type = 2 THEN 'model' WHEN f.type IN (6, 7, 8) THEN
         'treatment_plan' WHEN f.type IN (9, 10, 11, 12, 13) THEN 'instruction_file' ELSE 'other' END AS file_purpose,
       f.id AS legacy_file_id
FROM legacy.dispatch_file f
JOIN expected.id_file x ON x.legacy_id = f.id
JOIN legacy.dispatch_instruction i ON i.id = f.instruction_id AND NOT i.deleted
JOIN expected.id_case c ON c.legacy_id = i.patient_id;

CREATE VIEW expected.message_attachments AS
SELECT expected.uuid('message_attachment', f.id) AS id, m.id AS message_id, x.id AS file_id,
       CASE WHEN k.kind IN ('image', 'document', 'scan') THEN k.kind ELSE 'file' END AS attachment_type,
       nullif(f.name, '') AS display_name, f.id AS legacy_file_id
FROM legacy.dispatch_file f
JOIN expected.id_file x ON x.legacy_id = f.id
JOIN expected.id_message m ON m.legacy_id = f.record_id
LEFT JOIN expected.kind_of_file k ON k.ext = lower(f.ext);

-- Workflow ------------------------------------------------------------------------------------------------------------

CREATE VIEW expected.templates AS
SELECT x.id, coalesce(expected.tidy(t.task_name), expected.tidy(t.text_name), 'Template ' || t.id) AS name,
       nullif(t.action_name, '') AS action_name, c.id AS category_id, t.status = 1 AS is_active,
       t.duration AS estimated_duration_minutes,
       jsonb_strip_nulls(jsonb_build_object('function', nullif(t.function, ''), 'predefined', t.predefined::text,
         'read_only', t.read_only::text, 'extensions', nullif(t.extensions, ''), 'alerts', t.alerts::text,
         'separate', t.separate::text)) AS metadata,
       t.id AS legacy_template_id
FROM legacy.dispatch_template t
JOIN expected.id_template x ON x.legacy_id = t.id
LEFT JOIN expected.id_category c ON c.legacy_id = t.category_id;

CREATE VIEW expected.template_products AS
SELECT t.id AS template_id, p.id AS product_id FROM legacy.dispatch_template_products l
JOIN expected.id_template t ON t.legacy_id = l.template_id JOIN expected.id_product p ON p.legacy_id = l.product_id;

CREATE VIEW expected.template_edit_roles AS
SELECT t.id AS template_id, r.id AS role_id FROM legacy.dispatch_template_edit_roles l
JOIN expected.id_template t ON t.legacy_id = l.template_id JOIN expected.id_role r ON r.legacy_id = l.role_id;

CREATE VIEW expected.template_view_roles AS
SELECT t.id AS template_id, r.id AS role_id FROM legacy.dispatch_template_view_roles l
JOIN expected.id_template t ON t.legacy_id = l.template_id JOIN expected.id_role r ON r.legacy_id = l.role_id;

CREATE VIEW expected.template_view_groups AS
SELECT t.id AS template_id, g.id AS team_id FROM legacy.dispatch_template_view_groups l
JOIN expected.id_template t ON t.legacy_id = l.template_id JOIN expected.id_team g ON g.legacy_id = l.group_id;

-- from → to: the one that is left goes before
CREATE VIEW expected.template_predecessors AS
SELECT t.id AS template_id, before.id AS predecessor_id FROM legacy.dispatch_template_predecessors l
JOIN expected.id_template t ON t.legacy_id = l.to_template_id
JOIN expected.id_template before ON before.legacy_id = l.from_template_id;

-- A task without instruction is a task; one whose instruction is not in the target waits (or stays behind with it).
CREATE VIEW expected.tasks AS
SELECT expected.uuid('task', t.id) AS id, o.id AS order_id, p.id AS treatment_plan_id, f.id AS file_id, x.id AS template_id,
       a.id AS assigned_to, nullif(t.text, '') AS description,
       CASE t.jaw WHEN 1 THEN 'upper' WHEN 2 THEN 'lower' END AS jaw_specification,
       CASE WHEN t.checked THEN 'completed' WHEN t.done_at IS NULL THEN 'pending' ELSE 'in_progress' END AS status,
       t.checked, t.done_at AS completed_at,
       CASE WHEN t.order_id IS NULL THEN '{}' ELSE jsonb_build_object('legacy_order_id', t.order_id::text) END AS metadata,
       t.id AS legacy_task_id
FROM legacy.dispatch_task t
JOIN expected.id_template x ON x.legacy_id = t.template_id
LEFT JOIN expected.id_order o ON o.legacy_id = t.instruction_id
LEFT JOIN expected.id_treatment_plan p ON p.legacy_id = t.plan_id
LEFT JOIN expected.id_file f ON f.legacy_id = t.file_id
LEFT JOIN expected.id_profile a ON a.legacy_id = t.actor_id
WHERE t.instruction_id IS NULL OR o.id IS NOT NULL;

-- Money ---------------------------------------------------------------------------------------------------------------

CREATE VIEW expected.payments AS
SELECT x.id, o.id AS order_id, pa.id AS patient_id, d.id AS doctor_id, pr.id AS payer_id, f.id AS office_id,
       p.total_price AS amount, p.paid_price AS paid_amount, p.subtotal_price AS subtotal_amount,
       p.additional_price AS additional_amount, p.custom_price AS custom_amount, p.tax_value AS tax_amount,
       p.tax_rate / 100 AS tax_rate, p.used_credit,
       CASE WHEN p.canceled THEN 'cancelled' WHEN p.free OR p.paid THEN 'completed' ELSE 'pending' END AS payment_status,
       CASE WHEN NOT p.free THEN CASE WHEN p.netsuite THEN 'other' ELSE 'card' END END AS payment_method,
       nullif(expected.json(p.installments, 'raw'), '{}') AS installments, p.made_at AS processed_at,
       CASE WHEN p.order_id IS NULL THEN '{}' ELSE jsonb_build_object('legacy_order_id', p.order_id::text) END AS metadata,
       p.id AS legacy_payment_id
FROM legacy.dispatch_payment p
JOIN expected.id_payment x ON x.legacy_id = p.id
LEFT JOIN expected.id_order o ON o.legacy_id = p.instruction_id
LEFT JOIN legacy.dispatch_instruction i ON i.id = p.instruction_id
LEFT JOIN expected.id_patient pa ON pa.legacy_id = i.patient_id
LEFT JOIN expected.id_doctor d ON d.legacy_id = p.doctor_id
LEFT JOIN expected.id_profile pr ON pr.legacy_id = p.doctor_id
LEFT JOIN expected.id_office f ON f.legacy_id = p.office_id;

-- the target refuses a negative amount
CREATE VIEW expected.operations AS
SELECT expected.uuid('operation', o.id) AS id, p.id AS payment_id,
       CASE o.type WHEN 1 THEN 'payment' WHEN 2 THEN 'refund' ELSE 'other' END AS operation_type, o.price AS amount,
       nullif(o.card_brand, '') AS card_brand, nullif(o.card_last, '') AS card_last4,
       jsonb_strip_nulls(jsonb_build_object('order', nullif(o.sq_order_id, ''), 'payment', nullif(o.sq_payment_id, ''),
         'refund', nullif(o.sq_refund_id, ''), 'office_card', o.office_card::text, 'attempts', o.attempts::text))
         AS operation_data,
       o.made_at AS processed_at, o.id AS legacy_operation_id
FROM legacy.dispatch_operation o
JOIN expected.id_payment p ON p.legacy_id = o.payment_id
WHERE o.price >= 0;

CREATE VIEW expected.offers AS
SELECT x.id, pr.id AS profile_id, d.id AS doctor_id, p.id AS product_id, o.price_both, o.price_upper, o.price_lower,
       o.id AS legacy_offer_id
FROM legacy.dispatch_offer o
JOIN expected.id_offer x ON x.legacy_id = o.id
JOIN expected.id_profile pr ON pr.legacy_id = o.doctor_id
JOIN expected.id_product p ON p.legacy_id = o.product_id
LEFT JOIN expected.id_doctor d ON d.legacy_id = o.doctor_id;

-- the target refuses more than all of the price, and less than nothing
CREATE VIEW expected.discounts AS
SELECT expected.uuid('discount', d.id) AS id, o.id AS offer_id, 'LEGACY-' || d.id AS code, d.percent AS percentage,
       coalesce(expected.tidy(d.reason), 'Discount ' || d.percent || '%') AS name, d.count AS max_uses,
       coalesce(d.used, 0) AS current_uses, d.start AS valid_from, d.finish AS valid_until, d.total AS applies_to_total,
       d.id AS legacy_discount_id
FROM legacy.dispatch_discount d
JOIN expected.id_offer o ON o.legacy_id = d.offer_id
WHERE d.percent BETWEEN 0 AND 100;

CREATE VIEW expected.global_settings AS
SELECT expected.uuid('global_setting', s.id) AS id, 'legacy_' || s.setting AS setting_key,
       jsonb_build_object('version', s.version::text, 'sandbox', s.sandbox::text, 'application_id', s.application_id,
         'location_id', s.location_id) AS setting_value,
       s.id AS legacy_setting_id
FROM legacy.dispatch_globalsetting s;
