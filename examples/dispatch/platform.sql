-- A stand-in for the Supabase platform: its roles and the auth schema, on a local PostgreSQL 15 or newer.
-- The cluster: initdb -U supabase_admin --encoding=UTF8 --locale=C.UTF-8, max_prepared_transactions = 0, so that `postgres`
-- is an ordinary role. Run it once per cluster, as supabase_admin, in the database that is used. No psql commands.

CREATE ROLE postgres LOGIN NOSUPERUSER CREATEDB CREATEROLE REPLICATION BYPASSRLS;  -- owns public; the agent connects as it
CREATE ROLE anon NOLOGIN NOINHERIT;
CREATE ROLE authenticated NOLOGIN NOINHERIT;
CREATE ROLE service_role NOLOGIN NOINHERIT BYPASSRLS;
CREATE ROLE authenticator LOGIN NOINHERIT;  -- the platform's API connects as it
GRANT anon, authenticated, service_role TO authenticator, postgres;

ALTER ROLE postgres SET statement_timeout = '120s';
ALTER ROLE anon SET statement_timeout = '3s';
ALTER ROLE authenticated SET statement_timeout = '8s';
GRANT SET ON PARAMETER session_replication_role TO postgres;

ALTER SCHEMA public OWNER TO postgres;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO postgres', current_database()); END $$;
GRANT USAGE ON SCHEMA public TO anon, authenticated, service_role;
-- Every table that `postgres` makes in public is open to the API roles from birth; row-level security does the rest.
ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA public GRANT ALL ON TABLES TO anon, authenticated, service_role;

CREATE SCHEMA auth;
GRANT USAGE ON SCHEMA auth TO anon, authenticated, service_role, postgres;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS
  $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
CREATE FUNCTION auth.role() RETURNS text LANGUAGE sql STABLE AS
  $$ SELECT nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role' $$;
