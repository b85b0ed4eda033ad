-- The part of the legacy database that decides what the target must hold, as tables of the work database.
-- A table or column that is missing here is missing on purpose: what no route reads is not copied, and the secrets
-- (card_bin, access_token) never leave the source, not even for a comparison.
-- `compare` fills every table of this schema with the same columns of the table of the same name in the legacy database.
-- Lengths are left out, so that a column that the old application widens goes on fitting.

CREATE SCHEMA legacy;

CREATE UNLOGGED TABLE legacy.django_content_type (id integer, app_label text, model text);
CREATE UNLOGGED TABLE legacy.auth_permission (id integer, content_type_id integer, codename text);
CREATE UNLOGGED TABLE legacy.auth_group (id integer, name text);
CREATE UNLOGGED TABLE legacy.auth_user (id integer, password text, last_login timestamptz, is_superuser boolean, username text,
  first_name text, last_name text, email text, is_staff boolean, is_active boolean, date_joined timestamptz);
CREATE UNLOGGED TABLE legacy.auth_user_groups (id integer, user_id integer, group_id integer);

CREATE UNLOGGED TABLE legacy.dispatch_office (id integer, name text, address text, apt text, city text, state text, zip text,
  country text, phone text, tax_rate numeric, valid boolean, sq_customer_id text, emails boolean);
CREATE UNLOGGED TABLE legacy.dispatch_office_doctors (id integer, office_id integer, user_id integer);
CREATE UNLOGGED TABLE legacy.dispatch_doctorsetting (id integer, user_id integer, clinical_preferences text, sq_customer_id text,
  promised_payment boolean, credit numeric, installment_payments boolean, baa_agreed_at timestamptz,
  eula_agreed_at timestamptz, company_account boolean);
CREATE UNLOGGED TABLE legacy.dispatch_patient (id integer, user_id integer, doctor_id integer, office_id integer, birthdate date,
  sex integer, suffix text, status integer, archived boolean, suspended boolean, submitted_at timestamptz, schemes text);
CREATE UNLOGGED TABLE legacy.dispatch_role (id integer, name text, abbrev text, type integer, "order" integer, user_id integer,
  group_id integer);
CREATE UNLOGGED TABLE legacy.dispatch_role_permissions (id integer, role_id integer, permission_id integer);

CREATE UNLOGGED TABLE legacy.dispatch_category (id integer, name text, parent_id integer);
CREATE UNLOGGED TABLE legacy.dispatch_course (id integer, name text, customization text);
CREATE UNLOGGED TABLE legacy.dispatch_product (id integer, name text, description text, free boolean, deleted boolean,
  customization text, type integer, substitute boolean, course_id integer);
CREATE UNLOGGED TABLE legacy.dispatch_storage (id integer, name text);
CREATE UNLOGGED TABLE legacy.dispatch_ware (id integer, name text, storage_id integer, code text, quantity integer,
  minimum integer);

CREATE UNLOGGED TABLE legacy.dispatch_jaw (id integer, bond_teeth text, extract_teeth text, reason integer, product_id integer,
  labial boolean);
CREATE UNLOGGED TABLE legacy.dispatch_instruction (id integer, patient_id integer, course_id integer, status integer,
  deleted boolean, submitted_at timestamptz, updated_at timestamptz, suffix text, "order" integer, upper_jaw_id integer,
  lower_jaw_id integer, cbct boolean, model integer, scanner integer, scanner_notes text, objective text, conditions text,
  notes text, complaint text, comprehensive boolean, accept_extraction boolean, exports text);
CREATE UNLOGGED TABLE legacy.dispatch_state (id integer, status integer, "on" boolean, changed_at timestamptz, actor_id integer,
  instruction_id integer);
CREATE UNLOGGED TABLE legacy.dispatch_project (id integer, uid text, name text, size bigint, created_at timestamptz,
  public boolean, type integer, status integer, creator_id integer);
CREATE UNLOGGED TABLE legacy.dispatch_plan (id integer, instruction_id integer, project_id integer, name text, number integer,
  notes text, original boolean);
CREATE UNLOGGED TABLE legacy.dispatch_bracket (id integer, name text, project_id integer, type integer);

CREATE UNLOGGED TABLE legacy.dispatch_comment (id integer, created_at timestamptz, text text, author_id integer, plan_id integer);
CREATE UNLOGGED TABLE legacy.dispatch_note (id integer, created_at timestamptz, text text, author_id integer, doctor_id integer);
CREATE UNLOGGED TABLE legacy.dispatch_record (id integer, type integer, target_type_id integer, target_id integer,
  author_id integer, group_id integer, text text, public boolean, created_at timestamptz);
CREATE UNLOGGED TABLE legacy.dispatch_notification (id integer, created_at timestamptz, sender text, template_name text,
  template_context text, "read" boolean, recipient_id integer, item_type_id integer, item_id integer);
CREATE UNLOGGED TABLE legacy.dispatch_file (id integer, uid text, name text, ext text, size bigint, type integer, status integer,
  instruction_id integer, record_id integer, product_id integer, description text, parameters text, created_at timestamptz);

CREATE UNLOGGED TABLE legacy.dispatch_template (id integer, task_name text, action_name text, function text, text_name text,
  status integer, duration integer, category_id integer, predefined boolean, read_only boolean, extensions text,
  alerts boolean, separate boolean);
CREATE UNLOGGED TABLE legacy.dispatch_template_edit_roles (id integer, template_id integer, role_id integer);
CREATE UNLOGGED TABLE legacy.dispatch_template_view_roles (id integer, template_id integer, role_id integer);
CREATE UNLOGGED TABLE legacy.dispatch_template_view_groups (id integer, template_id integer, group_id integer);
CREATE UNLOGGED TABLE legacy.dispatch_template_products (id integer, template_id integer, product_id integer);
CREATE UNLOGGED TABLE legacy.dispatch_template_predecessors (id integer, from_template_id integer, to_template_id integer);
CREATE UNLOGGED TABLE legacy.dispatch_task (id integer, template_id integer, instruction_id integer, plan_id integer,
  order_id integer, file_id integer, actor_id integer, checked boolean, done_at timestamptz, text text, jaw integer);

CREATE UNLOGGED TABLE legacy.dispatch_payment (id integer, made_at timestamptz, free boolean, paid boolean, canceled boolean,
  netsuite boolean, tax_rate numeric, tax_value numeric, paid_price numeric, custom_price numeric, subtotal_price numeric,
  additional_price numeric, total_price numeric, used_credit numeric, installments text, doctor_id integer, office_id integer,
  instruction_id integer, order_id integer);
CREATE UNLOGGED TABLE legacy.dispatch_operation (id integer, type integer, made_at timestamptz, price numeric, payment_id integer,
  sq_order_id text, sq_payment_id text, sq_refund_id text, card_brand text, card_last text, office_card boolean,
  attempts integer);
CREATE UNLOGGED TABLE legacy.dispatch_offer (id integer, price_both numeric, price_upper numeric, price_lower numeric,
  doctor_id integer, product_id integer);
CREATE UNLOGGED TABLE legacy.dispatch_discount (id integer, offer_id integer, percent numeric(5,2), reason text, count integer,
  used integer, start date, finish date, total boolean);
CREATE UNLOGGED TABLE legacy.dispatch_globalsetting (id integer, setting text, version integer, sandbox boolean,
  application_id text, location_id text);

-- Notifications that were never delivered stay behind. They are six of ten, so they are counted where they are.
CREATE TABLE legacy.only_rows (table_name text PRIMARY KEY, condition text NOT NULL);
INSERT INTO legacy.only_rows VALUES ('dispatch_notification', 'coalesce(sent, false) AND send');
CREATE TABLE legacy.left_behind (table_name text PRIMARY KEY, rows bigint NOT NULL);
