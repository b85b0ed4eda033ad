-- The target database: the tables of the new application that the mapping writes, with their triggers and row-level security.
-- UUID keys; every legacy_*_id that is UNIQUE is 1:1 with a legacy row and NULL for rows born in the new application.
--
-- Run it as `postgres`, the owner of public, after platform.sql. Plain SQL for PostgreSQL 15 and newer; no psql commands.

-- Types and functions

CREATE TYPE profile_type AS ENUM ('patient','doctor','technician','master','sales_person','agent','client');
CREATE TYPE gender AS ENUM ('male','female','other','unknown');
CREATE TYPE course_type AS ENUM ('main','refinement','any','replacement','invoice','merchandise');
CREATE TYPE order_status AS ENUM ('no_product','submitted','approved','in_production','shipped','add_plan','on_hold','cancelled');
CREATE TYPE patient_status_type AS ENUM ('active','consultation','treatment_plan','in_treatment','retention','completed',
  'on_hold','cancelled','transferred','archived','prospect');
CREATE TYPE case_status AS ENUM ('consultation','diagnosis','treatment_plan','active','refinement','retention','completed',
  'cancelled','on_hold','transferred','revision');
CREATE TYPE project_type AS ENUM ('stl_upper','stl_lower','clinical_photo','treatment_plan','xray','cbct_scan','simulation',
  'aligner_design','document','other');
CREATE TYPE project_status AS ENUM ('draft','in_review','approved','in_progress','completed','archived','deleted');
CREATE TYPE comment_type_enum AS ENUM ('treatment_discussion','doctor_note','task_note','notification_context',
  'record_annotation','message');
CREATE TYPE employment_status AS ENUM ('active','inactive','terminated','on_leave');
CREATE TYPE technician_type AS ENUM ('designing','manufacturing','master','quality_control','remote','sectioning');
CREATE TYPE doctor_status AS ENUM ('active','inactive');
CREATE TYPE task_status AS ENUM ('pending','in_progress','completed');
CREATE TYPE payment_status_enum AS ENUM ('pending','processing','completed','failed','refunded','cancelled','other');
CREATE TYPE operation_type AS ENUM ('payment','refund','other');
CREATE TYPE jaw_type AS ENUM ('upper','lower');
CREATE TYPE replacement_reason AS ENUM ('breakage','other','complete');

-- Text as jsonb, NULL for anything that is no jsonb (PostgreSQL 15 has neither IS JSON nor pg_input_is_valid).
-- Not PARALLEL SAFE: an exception handler is a subtransaction.
CREATE FUNCTION try_jsonb(t text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT AS
  $$ BEGIN RETURN t::jsonb; EXCEPTION WHEN data_exception OR program_limit_exceeded THEN RETURN NULL; END $$;
-- Text trimmed, inner white space collapsed; NULL when nothing is left.
CREATE FUNCTION tidy(t text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
  $$ SELECT nullif(btrim(regexp_replace(t, '\s+', ' ', 'g')), '') $$;

-- JSON text as jsonb; text that is no JSON goes under `key`; NULL or blank gives {}.
CREATE FUNCTION json_or(t text, key text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ SELECT CASE WHEN t ~ '\S'
  THEN coalesce(public.try_jsonb(t), jsonb_object(ARRAY[key], ARRAY[t])) ELSE '{}' END $$;

CREATE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN NEW.updated_at := now(); RETURN NEW; END $$;

-- People and places

CREATE TABLE offices (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL,
  address text,
  apartment text,
  city text,
  state text,
  zip_code text,
  country text NOT NULL DEFAULT 'US',
  phone text,
  tax_rate numeric(5,4) NOT NULL DEFAULT 0 CHECK (tax_rate >= 0 AND tax_rate < 1),
  square_customer_id text,
  is_active boolean NOT NULL DEFAULT true,
  email_notifications boolean NOT NULL DEFAULT true,
  metadata jsonb NOT NULL DEFAULT '{}',
  legacy_office_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE profiles (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  auth_user_id uuid UNIQUE,
  profile_type profile_type NOT NULL,
  first_name text NOT NULL,
  last_name text NOT NULL,
  email text CONSTRAINT email_format CHECK (email ~ '^[a-z0-9._%+''-]+@[a-z0-9.-]+\.[a-z]{2,}$'),
  phone text,
  date_of_birth date,
  gender gender,
  username text,
  password_hash text,
  is_active boolean NOT NULL DEFAULT true,
  is_verified boolean NOT NULL DEFAULT false,
  archived boolean NOT NULL DEFAULT false,
  suspended boolean NOT NULL DEFAULT false,
  patient_suffix varchar(10),
  insurance_info jsonb,
  medical_history jsonb,
  legacy_patient_id integer,
  last_login_at timestamptz,
  metadata jsonb NOT NULL DEFAULT '{}',
  legacy_user_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX profiles_email ON profiles (email);                 -- not unique: accounts share addresses
CREATE TABLE doctors (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  profile_id uuid NOT NULL UNIQUE REFERENCES public.profiles (id) ON DELETE CASCADE,
  doctor_number text NOT NULL UNIQUE,
  specialty text NOT NULL DEFAULT 'orthodontics',
  primary_office_id uuid REFERENCES public.offices (id) ON DELETE SET NULL,
  status doctor_status NOT NULL DEFAULT 'active',
  is_accepting_patients boolean NOT NULL DEFAULT true,
  max_patient_load integer NOT NULL DEFAULT 500,
  clinical_preferences text,
  square_customer_id text,
  credit numeric(10,2),
  promised_payment boolean,
  installment_payments boolean,
  company_account boolean,
  baa_agreed_at timestamptz,
  eula_agreed_at timestamptz,
  joined_practice_at timestamptz,
  metadata jsonb NOT NULL DEFAULT '{}',
  legacy_user_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX doctors_primary_office_id ON doctors (primary_office_id);

CREATE TABLE doctor_offices (
  doctor_id uuid NOT NULL REFERENCES public.doctors (id) ON DELETE CASCADE,
  office_id uuid NOT NULL REFERENCES public.offices (id) ON DELETE CASCADE,
  is_primary boolean NOT NULL DEFAULT false,
  is_active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (doctor_id, office_id)
);
CREATE INDEX doctor_offices_office_id ON doctor_offices (office_id);

CREATE TABLE patients (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  profile_id uuid NOT NULL UNIQUE REFERENCES public.profiles (id) ON DELETE CASCADE,
  patient_number text NOT NULL UNIQUE,
  suffix varchar(10),
  sex gender NOT NULL DEFAULT 'unknown',
  date_of_birth date,
  primary_doctor_id uuid REFERENCES public.doctors (id) ON DELETE SET NULL,
  assigned_office_id uuid REFERENCES public.offices (id) ON DELETE SET NULL,
  status patient_status_type NOT NULL DEFAULT 'active',
  archived boolean NOT NULL DEFAULT false,
  suspended boolean NOT NULL DEFAULT false,
  schemes jsonb NOT NULL DEFAULT '{}',
  enrolled_at timestamptz,
  metadata jsonb NOT NULL DEFAULT '{}',
  legacy_patient_id integer UNIQUE,
  legacy_user_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX patients_primary_doctor_id ON patients (primary_doctor_id);
CREATE INDEX patients_assigned_office_id ON patients (assigned_office_id);

CREATE TABLE patients_doctors_offices (
  patient_id uuid PRIMARY KEY REFERENCES public.patients (id) ON DELETE CASCADE,
  doctor_id uuid NOT NULL REFERENCES public.doctors (id) ON DELETE CASCADE,
  office_id uuid NOT NULL REFERENCES public.offices (id) ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX patients_doctors_offices_doctor_id ON patients_doctors_offices (doctor_id);
CREATE INDEX patients_doctors_offices_office_id ON patients_doctors_offices (office_id);

CREATE TABLE technicians (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  profile_id uuid NOT NULL UNIQUE REFERENCES public.profiles (id) ON DELETE CASCADE,
  employee_id varchar(150) NOT NULL UNIQUE,
  is_active boolean NOT NULL DEFAULT true,
  hire_date date,
  status employment_status NOT NULL DEFAULT 'active',
  metadata jsonb NOT NULL DEFAULT '{}',
  legacy_user_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE technician_roles (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  technician_id uuid REFERENCES public.technicians (id) ON DELETE SET NULL,
  role_type technician_type NOT NULL,
  role_name text NOT NULL,
  abbreviation text,
  is_active boolean NOT NULL DEFAULT true,
  metadata jsonb NOT NULL DEFAULT '{}',
  legacy_role_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX technician_roles_technician_id ON technician_roles (technician_id);

CREATE TABLE teams (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL,
  team_type text NOT NULL DEFAULT 'operational',
  metadata jsonb NOT NULL DEFAULT '{}',
  legacy_group_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE team_members (
  team_id uuid NOT NULL REFERENCES public.teams (id) ON DELETE CASCADE,
  profile_id uuid NOT NULL REFERENCES public.profiles (id) ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (team_id, profile_id)
);
CREATE INDEX team_members_profile_id ON team_members (profile_id);

CREATE TABLE roles (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL,
  abbreviation text,
  role_kind integer,
  display_order integer,
  team_id uuid REFERENCES public.teams (id) ON DELETE SET NULL,
  is_active boolean NOT NULL DEFAULT true,
  metadata jsonb NOT NULL DEFAULT '{}',
  legacy_role_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX roles_team_id ON roles (team_id);

CREATE TABLE role_permissions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  role_id uuid NOT NULL REFERENCES public.roles (id) ON DELETE CASCADE,
  permission text NOT NULL,
  resource text NOT NULL,
  is_active boolean NOT NULL DEFAULT true,
  legacy_junction_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (role_id, permission, resource)
);

-- Catalogue, orders, clinical work

CREATE TABLE categories (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL,
  parent_id uuid REFERENCES public.categories (id) ON DELETE SET NULL,
  display_order integer NOT NULL DEFAULT 0,
  legacy_category_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX categories_parent_id ON categories (parent_id);

CREATE TABLE courses (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL,
  course_type course_type NOT NULL,
  customization jsonb NOT NULL DEFAULT '{}',
  legacy_course_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE products (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL,
  description text,
  course_id uuid REFERENCES public.courses (id) ON DELETE RESTRICT,
  course_type course_type NOT NULL,
  is_free boolean NOT NULL DEFAULT false,
  base_price numeric(10,2),
  sku varchar(50) UNIQUE,
  is_active boolean NOT NULL DEFAULT true,
  customization jsonb NOT NULL DEFAULT '{}',
  metadata jsonb NOT NULL DEFAULT '{}',
  legacy_product_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  legacy_course_id integer UNIQUE  -- misnamed: an earlier partial migration put the id of the *product* here
);
CREATE INDEX products_course_id ON products (course_id);

CREATE TABLE cases (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  case_number text NOT NULL UNIQUE,
  patient_id uuid NOT NULL UNIQUE REFERENCES public.patients (id) ON DELETE CASCADE,
  primary_doctor_id uuid REFERENCES public.doctors (id) ON DELETE SET NULL,
  office_id uuid REFERENCES public.offices (id) ON DELETE SET NULL,
  status case_status NOT NULL DEFAULT 'consultation',
  deleted boolean NOT NULL DEFAULT false,
  metadata jsonb NOT NULL DEFAULT '{}',
  legacy_patient_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX cases_primary_doctor_id ON cases (primary_doctor_id);
CREATE INDEX cases_office_id ON cases (office_id);

CREATE TABLE orders (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  order_number text NOT NULL UNIQUE,
  patient_id uuid NOT NULL REFERENCES public.patients (id) ON DELETE CASCADE,
  doctor_id uuid NOT NULL REFERENCES public.doctors (id) ON DELETE RESTRICT,
  office_id uuid REFERENCES public.offices (id) ON DELETE SET NULL,
  course_id uuid REFERENCES public.courses (id) ON DELETE RESTRICT,
  course_type course_type NOT NULL,
  status order_status NOT NULL DEFAULT 'no_product',
  suffix varchar(10),
  notes text,
  complaint text,
  objective text,
  conditions text,
  amount numeric(10,2),
  cbct boolean NOT NULL DEFAULT false,
  submitted_at timestamptz,
  approved_at timestamptz,
  shipped_at timestamptz,
  exports jsonb,
  deleted boolean NOT NULL DEFAULT false,
  deleted_at timestamptz,
  metadata jsonb NOT NULL DEFAULT '{}',
  legacy_instruction_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX orders_patient_id ON orders (patient_id);
CREATE INDEX orders_doctor_id ON orders (doctor_id);
CREATE INDEX orders_office_id ON orders (office_id);
CREATE INDEX orders_course_id ON orders (course_id);

CREATE TABLE order_cases (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  order_id uuid NOT NULL REFERENCES public.orders (id) ON DELETE CASCADE,
  case_id uuid NOT NULL REFERENCES public.cases (id) ON DELETE CASCADE,
  relationship_type varchar(50) NOT NULL DEFAULT 'primary',
  is_active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (order_id, case_id)
);
CREATE INDEX order_cases_case_id ON order_cases (case_id);

CREATE TABLE order_states (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  order_id uuid NOT NULL REFERENCES public.orders (id) ON DELETE CASCADE,
  status_code integer NOT NULL,
  status_name varchar(100) NOT NULL,
  is_active boolean NOT NULL DEFAULT true,
  changed_by uuid REFERENCES public.profiles (id) ON DELETE SET NULL,
  changed_at timestamptz NOT NULL,
  notes text,
  metadata jsonb NOT NULL DEFAULT '{}',
  legacy_state_id integer NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX order_states_order_id ON order_states (order_id);
CREATE INDEX order_states_changed_by ON order_states (changed_by);

CREATE TABLE jaws (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  order_id uuid NOT NULL REFERENCES public.orders (id) ON DELETE CASCADE,
  product_id uuid REFERENCES public.products (id) ON DELETE SET NULL,
  jaw_type jaw_type NOT NULL,
  labial boolean NOT NULL DEFAULT false,
  bond_teeth char(16) NOT NULL DEFAULT '0000000000000000' CHECK (bond_teeth ~ '^[01]{16}$'),
  extract_teeth char(16) NOT NULL DEFAULT '0000000000000000' CHECK (extract_teeth ~ '^[01]{16}$'),
  replacement_reason replacement_reason,
  metadata jsonb NOT NULL DEFAULT '{}',
  legacy_jaw_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX jaws_order_id ON jaws (order_id);
CREATE INDEX jaws_product_id ON jaws (product_id);

CREATE TABLE projects (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL,
  project_type project_type NOT NULL,
  status project_status NOT NULL DEFAULT 'draft',
  creator_id uuid REFERENCES public.profiles (id) ON DELETE SET NULL,
  file_uid uuid,
  file_size_bytes bigint,
  is_public boolean NOT NULL DEFAULT false,
  metadata jsonb NOT NULL DEFAULT '{}',
  legacy_project_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX projects_creator_id ON projects (creator_id);

CREATE TABLE treatment_plans (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  project_id uuid NOT NULL REFERENCES public.projects (id) ON DELETE CASCADE,
  order_id uuid REFERENCES public.orders (id) ON DELETE SET NULL,
  patient_id uuid REFERENCES public.patients (id) ON DELETE SET NULL,
  doctor_id uuid REFERENCES public.doctors (id) ON DELETE SET NULL,
  plan_number integer,
  plan_name varchar(100) NOT NULL,
  plan_notes text,
  is_original boolean NOT NULL DEFAULT false,
  treatment_type varchar(50),
  revision_count integer NOT NULL DEFAULT 0,
  metadata jsonb NOT NULL DEFAULT '{}',
  legacy_plan_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX treatment_plans_project_id ON treatment_plans (project_id);
CREATE INDEX treatment_plans_order_id ON treatment_plans (order_id);
CREATE INDEX treatment_plans_patient_id ON treatment_plans (patient_id);
CREATE INDEX treatment_plans_doctor_id ON treatment_plans (doctor_id);

CREATE TABLE brackets (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  project_id uuid NOT NULL REFERENCES public.projects (id) ON DELETE CASCADE,
  name varchar(255) NOT NULL,
  bracket_type varchar(100) NOT NULL DEFAULT 'standard',
  material text,
  torque numeric(5,2),
  active boolean NOT NULL DEFAULT true,
  metadata jsonb NOT NULL DEFAULT '{}',
  legacy_bracket_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX brackets_project_id ON brackets (project_id);

CREATE TABLE storages (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL,
  legacy_storage_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE wares (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  storage_id uuid NOT NULL REFERENCES public.storages (id) ON DELETE RESTRICT,
  name text NOT NULL,
  code text,
  quantity integer NOT NULL,
  minimum integer,
  legacy_ware_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX wares_storage_id ON wares (storage_id);


CREATE FUNCTION validate_orders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM public.patients WHERE id = NEW.patient_id) THEN
    RAISE EXCEPTION 'order %: no such patient', NEW.id USING ERRCODE = 'foreign_key_violation'; END IF;
  IF NOT EXISTS (SELECT 1 FROM public.doctors WHERE id = NEW.doctor_id) THEN
    RAISE EXCEPTION 'order %: no such doctor', NEW.id USING ERRCODE = 'foreign_key_violation'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER validate_orders BEFORE INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION validate_orders();

-- Communication, files, workflow, money

CREATE TABLE comments (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  content text NOT NULL CHECK (content ~ '\S'),
  comment_type comment_type_enum NOT NULL,
  author_id uuid REFERENCES public.profiles (id) ON DELETE SET NULL,
  parent_comment_id uuid REFERENCES public.comments (id) ON DELETE SET NULL,
  legacy_table varchar(50),
  legacy_id integer,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (legacy_table, legacy_id)
);
CREATE INDEX comments_author_id ON comments (author_id);
CREATE INDEX comments_parent_comment_id ON comments (parent_comment_id);

CREATE TABLE treatment_discussions (
  comment_id uuid PRIMARY KEY REFERENCES public.comments (id) ON DELETE CASCADE,
  treatment_plan_id uuid NOT NULL REFERENCES public.treatment_plans (id) ON DELETE CASCADE,
  is_visible_to_patient boolean NOT NULL DEFAULT false,
  legacy_comment_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX treatment_discussions_treatment_plan_id ON treatment_discussions (treatment_plan_id);

CREATE TABLE doctor_notes (
  comment_id uuid PRIMARY KEY REFERENCES public.comments (id) ON DELETE CASCADE,
  profile_id uuid NOT NULL REFERENCES public.profiles (id) ON DELETE CASCADE,
  doctor_id uuid REFERENCES public.doctors (id) ON DELETE SET NULL,
  legacy_note_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX doctor_notes_profile_id ON doctor_notes (profile_id);
CREATE INDEX doctor_notes_doctor_id ON doctor_notes (doctor_id);

CREATE TABLE messages (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  message_type varchar(50) NOT NULL DEFAULT 'general',
  title varchar(255),
  content text NOT NULL,
  sender_id uuid REFERENCES public.profiles (id) ON DELETE SET NULL,
  team_id uuid REFERENCES public.teams (id) ON DELETE SET NULL,
  recipient_type varchar(50) NOT NULL CHECK (recipient_type IN ('patient','user','other')),
  recipient_id uuid,
  is_public boolean NOT NULL DEFAULT false,
  is_read boolean NOT NULL DEFAULT false,
  metadata jsonb NOT NULL DEFAULT '{}',
  legacy_record_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX messages_sender_id ON messages (sender_id);
CREATE INDEX messages_team_id ON messages (team_id);

CREATE TABLE system_messages (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  recipient_id uuid NOT NULL REFERENCES public.profiles (id) ON DELETE CASCADE,
  message_type text NOT NULL DEFAULT 'notification' CHECK (message_type IN ('notification','alert','info')),
  message_code text NOT NULL,
  message_data jsonb NOT NULL DEFAULT '{}',
  sender text,
  order_id uuid REFERENCES public.orders (id) ON DELETE SET NULL,
  is_read boolean NOT NULL DEFAULT false,
  source_system text NOT NULL DEFAULT 'app',
  metadata jsonb NOT NULL DEFAULT '{}',
  legacy_notification_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX system_messages_recipient_id ON system_messages (recipient_id);
CREATE INDEX system_messages_order_id ON system_messages (order_id);

CREATE TABLE files (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  file_uid uuid NOT NULL,
  order_id uuid REFERENCES public.orders (id) ON DELETE SET NULL,
  product_id uuid REFERENCES public.products (id) ON DELETE SET NULL,
  filename text NOT NULL,
  extension text,
  file_type integer NOT NULL,
  status integer NOT NULL DEFAULT 0,
  file_size_bytes bigint,
  description text,
  parameters jsonb NOT NULL DEFAULT '{}',
  uploaded_by uuid REFERENCES public.profiles (id) ON DELETE SET NULL,
  uploaded_at timestamptz,
  metadata jsonb NOT NULL DEFAULT '{}',
  legacy_file_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX files_order_id ON files (order_id);
CREATE INDEX files_product_id ON files (product_id);
CREATE INDEX files_uploaded_by ON files (uploaded_by);

CREATE TABLE order_files (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  order_id uuid NOT NULL REFERENCES public.orders (id) ON DELETE CASCADE,
  file_id uuid NOT NULL UNIQUE REFERENCES public.files (id) ON DELETE CASCADE,
  category varchar(50) NOT NULL DEFAULT 'other' CHECK (category IN ('scan','image','document','package','model','simulation', 'analysis','final_package','other')),
  legacy_file_id integer NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (order_id, file_id)
);

CREATE TABLE case_files (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  case_id uuid NOT NULL REFERENCES public.cases (id) ON DELETE CASCADE,
  file_id uuid NOT NULL UNIQUE REFERENCES public.files (id) ON DELETE CASCADE,
  file_purpose varchar(50) NOT NULL,
  display_order integer NOT NULL DEFAULT 0,
  legacy_file_id integer NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (case_id, file_id)
);

CREATE TABLE message_attachments (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  message_id uuid NOT NULL REFERENCES public.messages (id) ON DELETE CASCADE,
  file_id uuid NOT NULL UNIQUE REFERENCES public.files (id) ON DELETE CASCADE,
  attachment_type varchar(50) NOT NULL DEFAULT 'file',
  display_name text,
  legacy_file_id integer NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (message_id, file_id)
);

CREATE TABLE templates (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL,
  action_name text,
  category_id uuid REFERENCES public.categories (id) ON DELETE SET NULL,
  is_active boolean NOT NULL DEFAULT true,
  estimated_duration_minutes integer,
  metadata jsonb NOT NULL DEFAULT '{}',
  legacy_template_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX templates_category_id ON templates (category_id);

CREATE TABLE template_products (
  template_id uuid NOT NULL REFERENCES public.templates (id) ON DELETE CASCADE,
  product_id uuid NOT NULL REFERENCES public.products (id) ON DELETE CASCADE,
  quantity integer NOT NULL DEFAULT 1,
  PRIMARY KEY (template_id, product_id)
);
CREATE INDEX template_products_product_id ON template_products (product_id);

CREATE TABLE template_edit_roles (
  template_id uuid NOT NULL REFERENCES public.templates (id) ON DELETE CASCADE,
  role_id uuid NOT NULL REFERENCES public.roles (id) ON DELETE CASCADE,
  PRIMARY KEY (template_id, role_id)
);
CREATE INDEX template_edit_roles_role_id ON template_edit_roles (role_id);

CREATE TABLE template_view_roles (
  template_id uuid NOT NULL REFERENCES public.templates (id) ON DELETE CASCADE,
  role_id uuid NOT NULL REFERENCES public.roles (id) ON DELETE CASCADE,
  PRIMARY KEY (template_id, role_id)
);
CREATE INDEX template_view_roles_role_id ON template_view_roles (role_id);

CREATE TABLE template_view_groups (
  template_id uuid NOT NULL REFERENCES public.templates (id) ON DELETE CASCADE,
  team_id uuid NOT NULL REFERENCES public.teams (id) ON DELETE CASCADE,
  PRIMARY KEY (template_id, team_id)
);
CREATE INDEX template_view_groups_team_id ON template_view_groups (team_id);

CREATE TABLE template_predecessors (
  template_id uuid NOT NULL REFERENCES public.templates (id) ON DELETE CASCADE,
  predecessor_id uuid NOT NULL REFERENCES public.templates (id) ON DELETE CASCADE,
  PRIMARY KEY (template_id, predecessor_id)
);
CREATE INDEX template_predecessors_predecessor_id ON template_predecessors (predecessor_id);

CREATE TABLE tasks (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  order_id uuid REFERENCES public.orders (id) ON DELETE CASCADE,
  treatment_plan_id uuid REFERENCES public.treatment_plans (id) ON DELETE SET NULL,
  file_id uuid REFERENCES public.files (id) ON DELETE SET NULL,
  template_id uuid NOT NULL REFERENCES public.templates (id) ON DELETE RESTRICT,
  assigned_to uuid REFERENCES public.profiles (id) ON DELETE SET NULL,
  description text,
  jaw_specification text,
  status task_status NOT NULL DEFAULT 'pending',
  checked boolean NOT NULL DEFAULT false,
  completed_at timestamptz,
  metadata jsonb NOT NULL DEFAULT '{}',
  legacy_task_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX tasks_order_id ON tasks (order_id);
CREATE INDEX tasks_treatment_plan_id ON tasks (treatment_plan_id);
CREATE INDEX tasks_file_id ON tasks (file_id);
CREATE INDEX tasks_template_id ON tasks (template_id);
CREATE INDEX tasks_assigned_to ON tasks (assigned_to);

CREATE TABLE payments (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  order_id uuid REFERENCES public.orders (id) ON DELETE SET NULL,
  patient_id uuid REFERENCES public.patients (id) ON DELETE SET NULL,
  doctor_id uuid REFERENCES public.doctors (id) ON DELETE SET NULL,
  payer_id uuid REFERENCES public.profiles (id) ON DELETE SET NULL,
  office_id uuid REFERENCES public.offices (id) ON DELETE SET NULL,
  amount numeric(10,2) NOT NULL,
  paid_amount numeric(10,2) NOT NULL,
  subtotal_amount numeric(10,2),
  additional_amount numeric(10,2),
  custom_amount numeric(10,2),
  tax_amount numeric(10,2),
  tax_rate numeric(5,4),
  used_credit numeric(10,2),
  currency char(3) NOT NULL DEFAULT 'USD',
  payment_status payment_status_enum NOT NULL DEFAULT 'other',
  payment_method text CHECK (payment_method IN ('card','check','insurance','cash','other')),
  installments jsonb,
  processed_at timestamptz,
  metadata jsonb NOT NULL DEFAULT '{}',
  legacy_payment_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX payments_order_id ON payments (order_id);
CREATE INDEX payments_patient_id ON payments (patient_id);
CREATE INDEX payments_doctor_id ON payments (doctor_id);
CREATE INDEX payments_payer_id ON payments (payer_id);
CREATE INDEX payments_office_id ON payments (office_id);

CREATE TABLE operations (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  payment_id uuid NOT NULL REFERENCES public.payments (id) ON DELETE CASCADE,
  operation_type operation_type NOT NULL,
  amount numeric(10,2) NOT NULL CHECK (amount >= 0),
  card_brand text,
  card_last4 varchar(4),
  operation_data jsonb NOT NULL DEFAULT '{}',
  processed_at timestamptz NOT NULL,
  legacy_operation_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX operations_payment_id ON operations (payment_id);

CREATE TABLE offers (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  profile_id uuid NOT NULL REFERENCES public.profiles (id) ON DELETE CASCADE,
  doctor_id uuid REFERENCES public.doctors (id) ON DELETE CASCADE,
  product_id uuid NOT NULL REFERENCES public.products (id) ON DELETE RESTRICT,
  price_both numeric(10,2),
  price_upper numeric(10,2),
  price_lower numeric(10,2),
  is_active boolean NOT NULL DEFAULT true,
  legacy_offer_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (profile_id, product_id)
);
CREATE INDEX offers_doctor_id ON offers (doctor_id);
CREATE INDEX offers_product_id ON offers (product_id);

CREATE TABLE discounts (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  offer_id uuid NOT NULL REFERENCES public.offers (id) ON DELETE CASCADE,
  code text NOT NULL UNIQUE,
  percentage numeric(5,2) NOT NULL CHECK (percentage BETWEEN 0 AND 100),
  name text NOT NULL,
  max_uses integer,
  current_uses integer NOT NULL DEFAULT 0,
  valid_from date,
  valid_until date,
  applies_to_total boolean NOT NULL DEFAULT false,
  legacy_discount_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX discounts_offer_id ON discounts (offer_id);

CREATE TABLE global_settings (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  setting_key text NOT NULL UNIQUE,
  setting_value jsonb NOT NULL,
  category text NOT NULL DEFAULT 'system',
  is_active boolean NOT NULL DEFAULT true,
  legacy_setting_id integer UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- What an earlier, partial migration left behind: merged offices (several legacy ids, one uuid) and stale rows.
CREATE TABLE migration_mappings (
  entity_type varchar(50),
  legacy_id integer,
  new_id uuid,
  migrated_at timestamp,
  PRIMARY KEY (entity_type, legacy_id)
);

CREATE VIEW patient_overview AS
  SELECT id, first_name, last_name, patient_suffix FROM profiles WHERE profile_type = 'patient';

-- Row-level security: on for every table. `service_role` and `postgres` bypass it, `anon` sees nothing, `authenticated` reads
-- its own rows. Tables without a policy are seen only by roles that bypass it. The trigger set_updated_at is made here as well.

CREATE FUNCTION my_profile() RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
  $$ SELECT id FROM public.profiles WHERE auth_user_id = auth.uid() $$;
CREATE FUNCTION my_patient() RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
  $$ SELECT id FROM public.patients WHERE profile_id = public.my_profile() $$;
CREATE FUNCTION my_doctor() RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
  $$ SELECT id FROM public.doctors WHERE profile_id = public.my_profile() $$;
DO $$ DECLARE t text; p text[]; BEGIN
  FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', t);
    IF EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = 'public' AND table_name = t
               AND column_name = 'updated_at') THEN
      EXECUTE format('CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.%I FOR EACH ROW EXECUTE FUNCTION public.set_updated_at()', t);
    END IF;
  END LOOP;
  FOREACH p SLICE 1 IN ARRAY ARRAY[
    ['profiles', 'id = public.my_profile()'],
    ['patients', 'id = public.my_patient() OR primary_doctor_id = public.my_doctor()'],
    ['doctors', 'true'], ['doctor_offices', 'true'], ['courses', 'true'], ['products', 'is_active'], ['categories', 'true'],
    ['offices', 'is_active'],
    ['cases', 'patient_id = public.my_patient() OR primary_doctor_id = public.my_doctor()'],
    ['orders', 'NOT deleted AND (patient_id = public.my_patient() OR doctor_id = public.my_doctor())'],
    ['jaws', 'EXISTS (SELECT 1 FROM public.orders o WHERE o.id = order_id)'],
    ['order_states', 'EXISTS (SELECT 1 FROM public.orders o WHERE o.id = order_id)'],
    ['files', 'EXISTS (SELECT 1 FROM public.orders o WHERE o.id = order_id)'],
    ['treatment_plans', 'patient_id = public.my_patient() OR doctor_id = public.my_doctor()'],
    ['messages', 'sender_id = public.my_profile() OR recipient_id IN (public.my_profile(), public.my_patient())'],
    ['system_messages', 'recipient_id = public.my_profile()'],
    ['payments', 'payer_id = public.my_profile() OR patient_id = public.my_patient() OR doctor_id = public.my_doctor()']] LOOP
    EXECUTE format('CREATE POLICY own_rows ON public.%I FOR SELECT TO authenticated USING (%s)', p[1], p[2]);
  END LOOP;
END $$;
