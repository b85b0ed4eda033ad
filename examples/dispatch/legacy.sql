-- The legacy database: the tables of a Django application, schema public, owned by the role that runs this file.
--
-- Integer keys from sequences are the only defaults; there are no CHECKs, enums or JSON types: choices and defaults are
-- the application's business. Primary keys and unique constraints are here; foreign keys and the indexes that Django adds
-- are in legacy-constraints.sql, so that data can be loaded in between without paying for them row by row.
-- Plain SQL, PostgreSQL 12 and newer; no psql commands.

-- Framework

CREATE TABLE django_content_type (
  id serial PRIMARY KEY,
  app_label varchar(100) NOT NULL,
  model varchar(100) NOT NULL,
  UNIQUE (app_label, model)
);

CREATE TABLE auth_permission (
  id serial PRIMARY KEY,
  name varchar(255) NOT NULL,
  content_type_id integer NOT NULL,
  codename varchar(100) NOT NULL,
  UNIQUE (content_type_id, codename)
);

CREATE TABLE auth_group (
  id serial PRIMARY KEY,
  name varchar(150) NOT NULL UNIQUE
);

CREATE TABLE auth_group_permissions (
  id serial PRIMARY KEY,
  group_id integer NOT NULL,
  permission_id integer NOT NULL,
  UNIQUE (group_id, permission_id)
);

CREATE TABLE auth_user (
  id serial PRIMARY KEY,
  password varchar(128) NOT NULL,
  last_login timestamptz,
  is_superuser boolean NOT NULL,
  username varchar(150) NOT NULL UNIQUE,
  first_name varchar(150) NOT NULL,
  last_name varchar(150) NOT NULL,
  email varchar(254) NOT NULL,
  is_staff boolean NOT NULL,
  is_active boolean NOT NULL,
  date_joined timestamptz NOT NULL
);

CREATE TABLE auth_user_groups (
  id serial PRIMARY KEY,
  user_id integer NOT NULL,
  group_id integer NOT NULL,
  UNIQUE (user_id, group_id)
);

CREATE TABLE auth_user_user_permissions (
  id serial PRIMARY KEY,
  user_id integer NOT NULL,
  permission_id integer NOT NULL,
  UNIQUE (user_id, permission_id)
);

-- Places, people, roles

CREATE TABLE dispatch_office (
  id serial PRIMARY KEY,
  name varchar(200) NOT NULL,
  address varchar(200),
  apt varchar(50),
  city varchar(100),
  state varchar(100),
  zip varchar(20),
  country varchar(100),
  phone varchar(50),
  tax_rate numeric(5,2),
  valid boolean NOT NULL,
  sq_customer_id varchar(100),
  emails boolean NOT NULL
);

CREATE TABLE dispatch_office_doctors (
  id serial PRIMARY KEY,
  office_id integer NOT NULL,
  user_id integer NOT NULL,
  UNIQUE (office_id, user_id)
);

CREATE TABLE dispatch_doctorsetting (
  id serial PRIMARY KEY,
  user_id integer NOT NULL UNIQUE,
  clinical_preferences text NOT NULL,
  sq_customer_id varchar(100),
  promised_payment boolean NOT NULL,
  credit numeric(10,2),
  tier_finish date,
  tier_type smallint,
  installment_payments boolean NOT NULL,
  baa_agreed_at timestamptz,
  eula_agreed_at timestamptz,
  company_account boolean NOT NULL
);

CREATE TABLE dispatch_doctorsetting_masters (
  id serial PRIMARY KEY,
  doctorsetting_id integer NOT NULL,
  user_id integer NOT NULL,
  UNIQUE (doctorsetting_id, user_id)
);

CREATE TABLE dispatch_doctorsetting_sales (
  id serial PRIMARY KEY,
  doctorsetting_id integer NOT NULL,
  user_id integer NOT NULL,
  UNIQUE (doctorsetting_id, user_id)
);

CREATE TABLE dispatch_language (
  id serial PRIMARY KEY,
  code varchar(8) NOT NULL UNIQUE,
  name varchar(50) NOT NULL
);

CREATE TABLE dispatch_usersetting (
  id serial PRIMARY KEY,
  user_id integer NOT NULL UNIQUE,
  language_id integer,
  timezone varchar(50) NOT NULL,
  preferences text NOT NULL
);

CREATE TABLE dispatch_patient (
  id serial PRIMARY KEY,
  user_id integer NOT NULL UNIQUE,
  doctor_id integer,
  office_id integer,
  birthdate date,
  sex smallint,
  suffix varchar(4),
  status integer,
  archived boolean,
  suspended boolean NOT NULL,
  submitted_at timestamptz,
  updated_at timestamptz,
  schemes text NOT NULL
);

CREATE TABLE dispatch_agent (
  id serial PRIMARY KEY,
  user_id integer NOT NULL UNIQUE,
  name varchar(100) NOT NULL
);

CREATE TABLE dispatch_master (
  id serial PRIMARY KEY,
  user_id integer NOT NULL UNIQUE,
  active boolean NOT NULL
);

CREATE TABLE dispatch_role (
  id serial PRIMARY KEY,
  name varchar(100) NOT NULL,
  abbrev varchar(10) NOT NULL,
  type integer NOT NULL,
  "order" integer NOT NULL,
  user_id integer,
  group_id integer NOT NULL
);

CREATE TABLE dispatch_role_permissions (
  id serial PRIMARY KEY,
  role_id integer NOT NULL,
  permission_id integer NOT NULL,
  UNIQUE (role_id, permission_id)
);

CREATE TABLE dispatch_client (
  id serial PRIMARY KEY,
  name varchar(100) NOT NULL,
  version varchar(20) NOT NULL,
  platform varchar(20) NOT NULL
);

CREATE TABLE dispatch_client3d (
  id serial PRIMARY KEY,
  user_id integer,
  version varchar(20) NOT NULL,
  installed_at timestamptz NOT NULL
);

-- Catalogue

CREATE TABLE dispatch_course (
  id serial PRIMARY KEY,
  name varchar(50) NOT NULL,
  type integer NOT NULL,
  customization text NOT NULL
);

CREATE TABLE dispatch_product (
  id serial PRIMARY KEY,
  name varchar(100) NOT NULL,
  description text,
  free boolean NOT NULL,
  deleted boolean NOT NULL,
  customization text NOT NULL,
  type integer,
  substitute boolean NOT NULL,
  course_id integer
);

CREATE TABLE dispatch_product_roles (
  id serial PRIMARY KEY,
  product_id integer NOT NULL,
  role_id integer NOT NULL,
  UNIQUE (product_id, role_id)
);

CREATE TABLE dispatch_product_successors (
  id serial PRIMARY KEY,
  from_product_id integer NOT NULL,
  to_product_id integer NOT NULL,
  UNIQUE (from_product_id, to_product_id)
);

CREATE TABLE dispatch_category (
  id serial PRIMARY KEY,
  name varchar(100) NOT NULL,
  parent_id integer
);

CREATE TABLE dispatch_storage (
  id serial PRIMARY KEY,
  name varchar(100) NOT NULL
);

CREATE TABLE dispatch_ware (
  id serial PRIMARY KEY,
  name varchar(200) NOT NULL,
  storage_id integer NOT NULL,
  code varchar(50) NOT NULL,
  quantity integer NOT NULL,
  minimum integer
);

-- Orders and clinical work

CREATE TABLE dispatch_jaw (
  id serial PRIMARY KEY,
  bond_teeth char(16) NOT NULL,
  extract_teeth char(16) NOT NULL,
  reason integer,
  product_id integer,
  labial boolean NOT NULL
);

CREATE TABLE dispatch_instruction (
  id serial PRIMARY KEY,
  patient_id integer NOT NULL,
  course_id integer NOT NULL,
  status integer NOT NULL,
  deleted boolean NOT NULL,
  submitted_at timestamptz,
  updated_at timestamptz NOT NULL,
  suffix varchar(10),
  "order" integer NOT NULL,
  upper_jaw_id integer UNIQUE,
  lower_jaw_id integer UNIQUE,
  cbct boolean NOT NULL,
  model integer,
  scanner integer,
  scanner_notes text NOT NULL,
  objective text NOT NULL,
  conditions text NOT NULL,
  notes text,
  complaint text,
  comprehensive boolean,
  accept_extraction boolean,
  exports text NOT NULL
);

CREATE TABLE dispatch_order (
  id serial PRIMARY KEY,
  doctor_id integer,
  course_id integer,
  created_at timestamptz NOT NULL,
  closed boolean NOT NULL
);

CREATE TABLE dispatch_state (
  id serial PRIMARY KEY,
  status integer NOT NULL,
  "on" boolean NOT NULL,
  changed_at timestamptz NOT NULL,
  actor_id integer,
  instruction_id integer NOT NULL
);

CREATE TABLE dispatch_project (
  id serial PRIMARY KEY,
  uid varchar(36) NOT NULL UNIQUE,
  name varchar(200) NOT NULL,
  size bigint,
  created_at timestamptz NOT NULL,
  public boolean NOT NULL,
  type integer NOT NULL,
  status integer NOT NULL,
  creator_id integer
);

CREATE TABLE dispatch_plan (
  id serial PRIMARY KEY,
  instruction_id integer NOT NULL,
  project_id integer NOT NULL,
  name varchar(200) NOT NULL,
  number integer,
  notes text,
  original boolean NOT NULL
);

CREATE TABLE dispatch_bracket (
  id serial PRIMARY KEY,
  name varchar(100) NOT NULL,
  project_id integer NOT NULL,
  type integer NOT NULL
);

CREATE TABLE dispatch_instance (
  id serial PRIMARY KEY,
  name varchar(100) NOT NULL,
  started_at timestamptz NOT NULL
);

CREATE TABLE dispatch_event (
  id serial PRIMARY KEY,
  name varchar(50) NOT NULL,
  data text NOT NULL,
  created_at timestamptz NOT NULL,
  user_id integer
);

CREATE TABLE dispatch_reading (
  id serial PRIMARY KEY,
  user_id integer NOT NULL,
  plan_id integer NOT NULL,
  read_at timestamptz NOT NULL
);

CREATE TABLE dispatch_link (
  id serial PRIMARY KEY,
  url varchar(500) NOT NULL,
  title varchar(200) NOT NULL,
  "order" integer NOT NULL
);

-- Communication

CREATE TABLE dispatch_comment (
  id serial PRIMARY KEY,
  created_at timestamptz NOT NULL,
  text text,
  author_id integer,
  plan_id integer NOT NULL
);

CREATE TABLE dispatch_note (
  id serial PRIMARY KEY,
  created_at timestamptz NOT NULL,
  text text,
  author_id integer,
  doctor_id integer NOT NULL
);

CREATE TABLE dispatch_record (
  id serial PRIMARY KEY,
  type integer NOT NULL,
  target_type_id integer,
  target_id integer NOT NULL,
  author_id integer,
  group_id integer,
  text text,
  public boolean,
  created_at timestamptz NOT NULL
);

CREATE TABLE dispatch_record_roles (
  id serial PRIMARY KEY,
  record_id integer NOT NULL,
  role_id integer NOT NULL,
  UNIQUE (record_id, role_id)
);

CREATE TABLE dispatch_notification (
  id serial PRIMARY KEY,
  created_at timestamptz NOT NULL,
  sender varchar(100) NOT NULL,
  template_name varchar(100) NOT NULL,
  template_context text,
  "read" boolean NOT NULL,
  sent boolean,
  send boolean NOT NULL,
  recipient_id integer NOT NULL,
  item_type_id integer,
  item_id integer
);

CREATE TABLE dispatch_action (
  id serial PRIMARY KEY,
  action varchar(100) NOT NULL,
  date timestamptz NOT NULL,
  data text NOT NULL,
  user_id integer,
  item_type_id integer,
  item_id integer,
  owner_type_id integer,
  owner_id integer
);

-- Files and workflow

CREATE TABLE dispatch_file (
  id serial PRIMARY KEY,
  uid varchar(36) NOT NULL UNIQUE,
  name varchar(255),
  ext varchar(20),
  size bigint,
  type integer NOT NULL,
  status integer NOT NULL,
  instruction_id integer,
  record_id integer,
  product_id integer,
  description text,
  parameters text NOT NULL,
  created_at timestamptz NOT NULL
);

CREATE TABLE dispatch_record_attachments (
  id serial PRIMARY KEY,
  record_id integer NOT NULL,
  file_id integer NOT NULL,
  UNIQUE (record_id, file_id)
);

CREATE TABLE dispatch_template (
  id serial PRIMARY KEY,
  task_name varchar(100) NOT NULL,
  action_name varchar(100) NOT NULL,
  function varchar(100) NOT NULL,
  text_name varchar(100) NOT NULL,
  status integer NOT NULL,
  duration integer,
  category_id integer,
  predefined boolean NOT NULL,
  read_only boolean NOT NULL,
  extensions varchar(100) NOT NULL,
  alerts boolean NOT NULL,
  separate boolean NOT NULL
);

CREATE TABLE dispatch_template_edit_roles (
  id serial PRIMARY KEY,
  template_id integer NOT NULL,
  role_id integer NOT NULL,
  UNIQUE (template_id, role_id)
);

CREATE TABLE dispatch_template_view_roles (
  id serial PRIMARY KEY,
  template_id integer NOT NULL,
  role_id integer NOT NULL,
  UNIQUE (template_id, role_id)
);

CREATE TABLE dispatch_template_view_groups (
  id serial PRIMARY KEY,
  template_id integer NOT NULL,
  group_id integer NOT NULL,
  UNIQUE (template_id, group_id)
);

CREATE TABLE dispatch_template_products (
  id serial PRIMARY KEY,
  template_id integer NOT NULL,
  product_id integer NOT NULL,
  UNIQUE (template_id, product_id)
);

CREATE TABLE dispatch_template_predecessors (
  id serial PRIMARY KEY,
  from_template_id integer NOT NULL,
  to_template_id integer NOT NULL,
  UNIQUE (from_template_id, to_template_id)
);

CREATE TABLE dispatch_task (
  id serial PRIMARY KEY,
  template_id integer NOT NULL,
  instruction_id integer,
  plan_id integer,
  order_id integer,
  file_id integer,
  actor_id integer,
  checked boolean NOT NULL,
  done_at timestamptz,
  text text,
  jaw integer
);

-- Money and settings

CREATE TABLE dispatch_payment (
  id serial PRIMARY KEY,
  made_at timestamptz,
  free boolean NOT NULL,
  paid boolean NOT NULL,
  canceled boolean NOT NULL,
  netsuite boolean NOT NULL,
  tax_rate numeric(5,2),
  tax_value numeric(10,2) NOT NULL,
  paid_price numeric(10,2) NOT NULL,
  custom_price numeric(10,2),
  subtotal_price numeric(10,2) NOT NULL,
  additional_price numeric(10,2) NOT NULL,
  total_price numeric(10,2) NOT NULL,
  used_credit numeric(10,2) NOT NULL,
  installments text NOT NULL,
  doctor_id integer,
  office_id integer,
  instruction_id integer,
  order_id integer
);

CREATE TABLE dispatch_operation (
  id serial PRIMARY KEY,
  type integer NOT NULL,
  made_at timestamptz NOT NULL,
  price numeric(10,2) NOT NULL,
  payment_id integer NOT NULL,
  sq_order_id varchar(100),
  sq_payment_id varchar(100),
  sq_refund_id varchar(100),
  card_brand varchar(30),
  card_bin varchar(8),
  card_last varchar(4),
  office_card boolean NOT NULL,
  attempts integer NOT NULL
);

CREATE TABLE dispatch_offer (
  id serial PRIMARY KEY,
  price_both numeric(10,2),
  price_upper numeric(10,2),
  price_lower numeric(10,2),
  doctor_id integer NOT NULL,
  product_id integer NOT NULL,
  UNIQUE (doctor_id, product_id)
);

CREATE TABLE dispatch_discount (
  id serial PRIMARY KEY,
  offer_id integer NOT NULL,
  percent numeric(5,2) NOT NULL,
  reason text NOT NULL,
  count integer,
  used integer,
  start date,
  finish date,
  total boolean NOT NULL
);

CREATE TABLE dispatch_purchase (
  id serial PRIMARY KEY,
  order_id integer NOT NULL,
  product_id integer NOT NULL,
  quantity integer NOT NULL,
  price numeric(10,2) NOT NULL
);

CREATE TABLE dispatch_globalsetting (
  id serial PRIMARY KEY,
  setting varchar(50) NOT NULL,
  version integer NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  sandbox boolean NOT NULL,
  application_id varchar(100) NOT NULL,
  location_id varchar(100) NOT NULL,
  access_token varchar(200) NOT NULL
);
