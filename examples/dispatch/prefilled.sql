-- What an earlier, partial migration left in the target: rows with random UUIDs, some of them wrong, stale or merged.
-- Run by `prefill` as `postgres` on an empty target, which first fills the temporary tables legacy_* from a generated
-- database.

CREATE FUNCTION pg_temp.random_uuid(kind text, key bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT overlay(overlay(md5('prefilled ' || kind || ' ' || key) PLACING '4' FROM 13) PLACING '9' FROM 17)::uuid $$;
CREATE FUNCTION pg_temp.n(name text) RETURNS bigint LANGUAGE sql AS $$ SELECT value::bigint FROM legacy_parameter p
  WHERE p.name = $1 $$;
CREATE FUNCTION pg_temp.r1(full_count numeric) RETURNS bigint LANGUAGE sql AS
  $$ SELECT greatest(1, round($1 * value)::bigint) FROM legacy_parameter WHERE name = 'scale' $$;
CREATE FUNCTION pg_temp.digits(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT nullif(regexp_replace(t, '\D',
  '', 'g'), '') $$;

-- Offices: the valid ones but for the 14 latest. Twins were merged into the lower id. Four mappings point at uuids that
-- no row has.
CREATE TEMP TABLE old_office AS
SELECT * FROM (SELECT *, row_number() OVER (ORDER BY in_pair DESC, id) AS rank, count(*) OVER () AS valid_ones
  FROM legacy_office WHERE valid) o
WHERE rank <= valid_ones - pg_temp.r1(14);
INSERT INTO offices (id, name, address, apartment, city, state, zip_code, country, phone, tax_rate, square_customer_id,
  is_active, email_notifications, legacy_office_id)
SELECT pg_temp.random_uuid('office', id), coalesce(lower(tidy(name)), 'office ' || id), address, apt, city, state,
  pg_temp.digits(zip), 'US', pg_temp.digits(phone),
  coalesce(tax_rate, 0) / 100, sq_customer_id, true, true, id
FROM old_office WHERE twin_of IS NULL;
INSERT INTO migration_mappings
SELECT 'office', id, pg_temp.random_uuid('office', coalesce(twin_of, id)), timestamp '2024-11-02 03:04:05'
  FROM old_office
UNION ALL
(SELECT 'office', id, pg_temp.random_uuid('lost office', id), timestamp '2024-11-02 03:04:05' FROM legacy_office
  WHERE NOT valid ORDER BY id LIMIT pg_temp.r1(4))
UNION ALL  -- rows of other kinds, partly stale; nothing may read them
SELECT 'profile', id, pg_temp.random_uuid(CASE id % 3 WHEN 0 THEN 'lost profile' ELSE 'profile' END, id),
  timestamp '2024-11-02 04:00:00' FROM legacy_user WHERE id % 5 = 0
UNION ALL
SELECT 'order', id, pg_temp.random_uuid('lost order', id), timestamp '2024-11-02 05:00:00' FROM legacy_instruction
  WHERE id % 40 = 0;

-- Accounts that it did not bring over: administrators, late arrivals, and all but the first of accounts that share an
-- address.
CREATE TEMP TABLE left_out AS
SELECT id FROM legacy_user WHERE class IN ('administrator', 'doctor and administrator')
UNION ALL SELECT id FROM legacy_user WHERE shared
  AND id > (SELECT min(s.id) FROM legacy_user s
  WHERE s.shared AND lower(btrim(s.email)) = lower(btrim(legacy_user.email)))
UNION ALL (SELECT id FROM legacy_user WHERE class = 'patient' AND NOT shared AND has_doctor
  ORDER BY id DESC LIMIT pg_temp.r1(9))
UNION ALL (SELECT id FROM legacy_user WHERE class = 'doctor' AND idle ORDER BY id DESC LIMIT pg_temp.r1(15))
UNION ALL (SELECT id FROM legacy_user WHERE class IN ('technician', 'superuser') ORDER BY id DESC LIMIT pg_temp.r1(10));
CREATE TEMP TABLE old_user AS SELECT * FROM legacy_user WHERE id NOT IN (SELECT id FROM left_out);
ALTER TABLE old_user ADD PRIMARY KEY (id);
INSERT INTO profiles (id, auth_user_id, profile_type, first_name, last_name, email, phone, date_of_birth, username,
  is_active, patient_suffix,
  medical_history, legacy_patient_id, legacy_user_id, created_at)
SELECT pg_temp.random_uuid('profile', u.id),
  CASE WHEN row_number() OVER (ORDER BY md5('login' || u.id)) <= pg_temp.r1(40)
    THEN pg_temp.random_uuid('login', u.id) END,
  CASE WHEN row_number() OVER (ORDER BY md5('type' || u.id)) <= pg_temp.r1(391) THEN CASE WHEN p.id IS NULL THEN 'agent'
    ELSE 'client' END
       WHEN p.id IS NOT NULL THEN 'patient' WHEN u.doctor THEN 'doctor' WHEN u.class = 'technician' THEN 'technician'
         ELSE 'master' END::profile_type,
  coalesce(tidy(first_name), 'Unknown'), coalesce(tidy(last_name), 'Unknown'),
  CASE WHEN lower(trim(email)) ~ '^[a-z0-9._%+''-]+@[a-z0-9.-]+\.[a-z]{2,}$' THEN lower(trim(email)) END,
    pg_temp.digits(email),
  p.birthdate, username, is_active, nullif(p.suffix, ''),
    CASE WHEN p.id IS NOT NULL THEN jsonb_build_object('legacy_schemes', p.schemes) END, p.id, u.id, u.date_joined
FROM old_user u LEFT JOIN legacy_patient p ON p.user_id = u.id;
INSERT INTO doctors (id, profile_id, doctor_number, status, legacy_user_id)
SELECT pg_temp.random_uuid('doctor', id), pg_temp.random_uuid('profile', id),
  'DOC-' || lpad(id::text, greatest(6, length(id::text)), '0'), 'active', id
FROM old_user WHERE doctor;
INSERT INTO patients (id, profile_id, patient_number, suffix, sex, date_of_birth, legacy_patient_id, legacy_user_id)
SELECT pg_temp.random_uuid('patient', p.id), pg_temp.random_uuid('profile', p.user_id),
  'PAT-' || lpad(p.id::text, greatest(6, length(p.id::text)), '0'), nullif(p.suffix, ''),
  CASE p.sex WHEN 1 THEN 'male'::gender WHEN 2 THEN 'female' ELSE 'unknown' END, p.birthdate, p.id, p.user_id
FROM legacy_patient p JOIN old_user u ON u.id = p.user_id;

-- Products: the live ones, with the product's id in a column named for the course.
INSERT INTO products (id, name, course_type, is_free, sku, legacy_course_id)
SELECT pg_temp.random_uuid('product', id), name, 'main', free, 'SKU-' || lpad(id::text, 4, '0'), id FROM legacy_product
  WHERE NOT deleted;

-- Orders: some with another doctor, some soft-deleted in the meantime, some whose instruction is gone. Those whose
-- doctor was not
-- brought over come last and got another one.
CREATE TEMP TABLE some_doctor AS SELECT id, row_number() OVER (ORDER BY legacy_user_id) - 1 AS place,
  count(*) OVER () AS n FROM doctors;
INSERT INTO orders (id, order_number, patient_id, doctor_id, course_type, status, suffix, submitted_at,
  legacy_instruction_id, updated_at)
WITH i AS (
  SELECT i.*, p.suffix AS patient_suffix, d.id AS doctor,
    row_number() OVER (PARTITION BY i.deleted ORDER BY d.id IS NULL, md5('order' || i.id)) AS rank
  FROM legacy_instruction i JOIN legacy_patient p ON p.id = i.patient_id JOIN old_user u ON u.id = p.user_id LEFT
    JOIN doctors d ON d.legacy_user_id = p.doctor_id
  WHERE p.doctor_id IS NOT NULL),
taken AS (
  SELECT * FROM i WHERE rank <= CASE WHEN deleted THEN pg_temp.r1(41) ELSE pg_temp.r1(24943) END)
SELECT pg_temp.random_uuid('order', t.id), coalesce(nullif(trim(patient_suffix), '') || '-', '') || t.id,
  pg_temp.random_uuid('patient', patient_id),
  CASE WHEN doctor IS NOT NULL AND (deleted
    OR row_number() OVER (ORDER BY deleted, doctor IS NOT NULL, md5('doctor' || t.id)) > pg_temp.r1(250)) THEN doctor
    ELSE o.id END,
  'main', CASE status WHEN 1 THEN 'submitted' WHEN 2 THEN 'approved' WHEN 4 THEN 'shipped'
    ELSE 'no_product' END::order_status,
  nullif(t.suffix, ''), submitted_at, t.id, t.updated_at
FROM taken t JOIN some_doctor o ON o.place = ('x' || left(md5('other' || t.id), 7))::bit(28)::int % o.n;
INSERT INTO orders (id, order_number, patient_id, doctor_id, course_type, status, legacy_instruction_id)
SELECT pg_temp.random_uuid('order', 42 * g), (42 * g)::text, p.id, d.id, 'main', 'no_product', 42 * g
FROM generate_series(1, pg_temp.r1(12)) g
JOIN (SELECT id, row_number() OVER (ORDER BY legacy_patient_id) AS place FROM patients) p ON p.place = g
  JOIN some_doctor d ON d.place = g % d.n;

-- Born in the new application: never to be touched.
INSERT INTO profiles (id, auth_user_id, profile_type, first_name, last_name, email)
SELECT pg_temp.random_uuid('new profile', g), pg_temp.random_uuid('new login', g), 'client', 'New', 'Person ' || g,
  'new.person.' || g || '@example.com' FROM generate_series(1, 5) g;
INSERT INTO orders (id, order_number, patient_id, doctor_id, course_type, status)
SELECT pg_temp.random_uuid('new order', g), 'NEW-' || lpad(g::text, 4, '0'), p.id, d.id, 'main', 'submitted'
FROM generate_series(1, 3) g JOIN (SELECT id, row_number() OVER (ORDER BY legacy_patient_id) AS place
  FROM patients) p ON p.place = g
JOIN some_doctor d ON d.place = g % d.n;
ANALYZE offices, migration_mappings, profiles, doctors, patients, products, orders;
