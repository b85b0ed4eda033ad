// `agent cleanup` and `agent rollback cleanup`, against tables with everything that can hang on a column.
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/small_pair.hpp"

using tests::CommandResult;

namespace {

const std::string kSource = R"sql(
CREATE TABLE auth_user (id integer PRIMARY KEY, name text);
CREATE TABLE product (id integer PRIMARY KEY, name text);
INSERT INTO auth_user SELECT i, 'u' || i FROM generate_series(1, 50) i;
INSERT INTO product SELECT i, 'p' || i FROM generate_series(1, 20) i;
)sql";

// Rows of an earlier migration have values in the columns that go; the agent's own rows have none.
const std::string kTarget = R"sql(
CREATE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at := now(); RETURN NEW; END $$;
CREATE TABLE profiles (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text, insurance_info jsonb, medical_history jsonb,
  legacy_patient_id integer, legacy_user_id integer UNIQUE, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE products (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text, sku varchar(50) DEFAULT 'none' UNIQUE,
  legacy_product_id integer UNIQUE, updated_at timestamptz NOT NULL DEFAULT now());
ALTER TABLE products ALTER COLUMN sku DROP DEFAULT;
COMMENT ON COLUMN products.sku IS 'what the old catalogue calls it';
GRANT SELECT (sku) ON products TO anon;
ALTER TABLE profiles ENABLE ROW LEVEL SECURITY;
CREATE TRIGGER set_updated_at BEFORE UPDATE ON profiles FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER set_updated_at BEFORE UPDATE ON products FOR EACH ROW EXECUTE FUNCTION set_updated_at();
ALTER TABLE products ENABLE ALWAYS TRIGGER set_updated_at;
CREATE INDEX profiles_history ON profiles USING gin (medical_history);
CREATE VIEW patient_overview AS SELECT id, name FROM profiles;
INSERT INTO profiles (name, medical_history, legacy_patient_id, updated_at)
  SELECT 'old ' || i, jsonb_build_object('n', i), i, '2020-01-01' FROM generate_series(1, 30) i;
INSERT INTO products (name, sku, updated_at) SELECT 'old ' || i, 'S' || i, '2020-01-01' FROM generate_series(1, 10) i;
)sql";

const std::string kRoutes = R"yaml(version: 1
namespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8
routes:
  - from: auth_user
    to: profiles
    entity: profile
    columns: { name: name, legacy_user_id: id }
  - from: product
    to: products
    entity: product
    columns: { name: name, legacy_product_id: id }
)yaml";

std::string mapping_with(const std::string& also_drop = "[]") {
  return kRoutes +
         "cleanup:\n  drop_columns:\n    profiles: [insurance_info, legacy_patient_id, medical_history]\n    products: "
         "[sku]\n  also_drop: " +
         also_drop + "\n";
}

/// Things of every kind that need the columns.
const std::string kNasty = R"sql(
CREATE TABLE sku_prices (sku varchar(50) CONSTRAINT prices_sku REFERENCES products (sku), price integer);
CREATE VIEW product_codes WITH (security_barrier = true) AS SELECT id, sku AS code FROM products;
CREATE VIEW code_list AS SELECT code FROM product_codes ORDER BY code;
COMMENT ON VIEW code_list IS 'of codes';
GRANT SELECT ON code_list TO authenticated;
REVOKE ALL ON code_list FROM anon;
CREATE MATERIALIZED VIEW code_counts AS SELECT left(sku, 1) AS head, count(*) AS n FROM products GROUP BY 1;
CREATE UNIQUE INDEX code_counts_head ON code_counts (head);
CREATE INDEX products_name_sku ON products (name, sku);
ALTER VIEW product_codes ALTER COLUMN code SET DEFAULT 'of view';
CREATE RULE as_it_is AS ON UPDATE TO product_codes DO INSTEAD NOTHING;
CREATE RULE keep AS ON DELETE TO products WHERE OLD.sku = 'kept' DO INSTEAD NOTHING;
ALTER TABLE products DISABLE RULE keep;
CREATE TRIGGER into_codes INSTEAD OF INSERT ON code_list FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE INDEX products_upper ON products (upper(sku), upper(name));
ALTER INDEX products_upper ALTER COLUMN 2 SET STATISTICS 250;
ALTER MATERIALIZED VIEW code_counts ALTER COLUMN head SET STATISTICS 150, CLUSTER ON code_counts_head;
ALTER TABLE products ADD CONSTRAINT sku_or_name CHECK (sku IS NOT NULL OR name IS NOT NULL);
ALTER TABLE products ADD COLUMN label text GENERATED ALWAYS AS (name || coalesce('/' || sku, '')) STORED;
ALTER TABLE products ENABLE ROW LEVEL SECURITY;
CREATE POLICY with_code ON products FOR SELECT TO authenticated USING (sku IS NOT NULL);
CREATE TRIGGER sku_watch AFTER UPDATE OF sku ON products FOR EACH ROW WHEN (OLD.sku IS DISTINCT FROM NEW.sku) EXECUTE FUNCTION set_updated_at();
CREATE STATISTICS sku_name ON sku, name FROM products;
ALTER STATISTICS sku_name SET STATISTICS 350;
CREATE FUNCTION code_of(p uuid) RETURNS text LANGUAGE sql STABLE BEGIN ATOMIC SELECT sku FROM products WHERE id = p; END;
CREATE FUNCTION mentions_it() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN PERFORM sku FROM products; RETURN 1; END $$;
)sql";

const std::string kNastyNames =
    "[sku_prices.prices_sku, product_codes, code_list, code_counts, products_name_sku, products_upper, products.keep, "
    "products.sku_or_name, "
    "products.label, products.with_code, products.sku_watch, sku_name, code_of(p uuid)]";

/// Everything that the catalog says of the schema and all rows, but for the places of the columns.
std::string dump(const tests::SmallPair& pair) {
  std::string text;
  for (const char* query : {
           "SELECT c.relname, c.relkind, c.relrowsecurity, c.reloptions, obj_description(c.oid), (SELECT "
           "string_agg(x.grantee::regrole || ':' || x.privilege_type, ',' ORDER BY x.grantee::regrole::text, "
           "x.privilege_type) FROM aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) x) FROM pg_class c "
           "WHERE relnamespace = 'public'::regnamespace AND relkind <> 'i' ORDER BY 1",
           "SELECT c.relname, a.attname, format_type(atttypid, atttypmod), attnotnull, attgenerated, attidentity, "
           "attacl, "
           "col_description(c.oid, attnum), pg_get_expr(adbin, adrelid) FROM pg_attribute a JOIN pg_class c ON c.oid = "
           "attrelid LEFT JOIN pg_attrdef d ON adrelid = attrelid AND adnum = attnum WHERE relnamespace = "
           "'public'::regnamespace AND relkind IN ('r', 'v', 'm') AND attnum > 0 AND NOT attisdropped ORDER BY 1, 2",
           "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace "
           "= "
           "'public'::regnamespace ORDER BY 1, 2",
           "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class c ON c.oid = "
           "indexrelid WHERE relnamespace = 'public'::regnamespace ORDER BY 1",
           "SELECT viewname, definition FROM pg_views WHERE schemaname = 'public' ORDER BY 1",
           "SELECT matviewname, definition, ispopulated FROM pg_matviews WHERE schemaname = 'public' ORDER BY 1",
           "SELECT tablename, policyname, roles, cmd, qual, with_check FROM pg_policies WHERE schemaname = 'public' "
           "ORDER BY 1, 2",
           "SELECT tgrelid::regclass::text, tgname, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT "
           "tgisinternal "
           "ORDER BY 1, 2",
           "SELECT stxname, pg_get_statisticsobjdef(oid), stxstattarget FROM pg_statistic_ext ORDER BY 1",
           "SELECT c.relname, a.attname, a.attstattarget FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid WHERE "
           "relnamespace = 'public'::regnamespace AND a.attstattarget > 0 ORDER BY 1, 2",
           "SELECT c.relname, r.rulename, r.ev_enabled, pg_get_ruledef(r.oid) FROM pg_rewrite r JOIN pg_class c ON "
           "c.oid "
           "= ev_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1, 2",
           "SELECT indexrelid::regclass::text FROM pg_index WHERE indisclustered",
           "SELECT proname, pg_get_functiondef(oid), proacl FROM pg_proc WHERE pronamespace = 'public'::regnamespace "
           "AND "
           "prokind = 'f' AND proname <> 'code_of' ORDER BY 1",
           "SELECT to_jsonb(p) FROM profiles p ORDER BY id",
           "SELECT to_jsonb(p) FROM products p ORDER BY id",
       }) {
    text += tests::as_text(pair.target_admin.query_rows(query));
  }
  return text;
}

std::string columns_of(const tests::SmallPair& pair, const std::string& table) {
  return pair.on_target("SELECT string_agg(attname, ',' ORDER BY attname) FROM pg_attribute WHERE attrelid = '" +
                        table + "'::regclass AND attnum > 0 AND NOT attisdropped");
}

long ledger_count(const tests::SmallPair& pair, const std::string& query) {
  return std::stol(pair.target_admin.query_value("SELECT count(*) FROM dispatch_sync." + query).value());
}

void expect_equal(const std::string& expected, const std::string& actual) {
  BOOST_TEST((expected == actual), tests::differing_lines(expected, actual));
}

struct Clinic : tests::SmallPair {
  explicit Clinic(const std::string& more = "", const std::string& also_drop = "[]")
      : SmallPair(kSource, kTarget + more, mapping_with(also_drop)) {
    bring_over();
  }
};

}  // namespace

// reliability 104g, 104i
BOOST_AUTO_TEST_CASE(cleanup_drops_just_the_listed_columns_and_a_rollback_restores_everything) {
  const Clinic clinic;
  const std::string before = dump(clinic);
  const std::string dry = clinic.agent.must({"cleanup", "--dry-run"});
  BOOST_TEST(dry.find("DROP COLUMN \"sku\"") != std::string::npos, dry);
  BOOST_TEST(dry.find("ACCESS EXCLUSIVE on products") != std::string::npos, dry);
  expect_equal(before, dump(clinic));
  BOOST_TEST(ledger_count(clinic, "schema_changes") == 0);

  // Nobody at a terminal, and not told: nothing happens.
  BOOST_TEST(clinic.agent.command({"cleanup"}).exit_code == 2);
  expect_equal(before, dump(clinic));

  clinic.agent.must({"cleanup", "--yes"});
  BOOST_TEST(columns_of(clinic, "profiles") == "id,legacy_user_id,name,updated_at");
  BOOST_TEST(columns_of(clinic, "products") == "id,legacy_product_id,name,updated_at");
  BOOST_TEST(ledger_count(clinic, "audit_log WHERE command = 'cleanup' AND actor <> ''") == 2);
  const std::string archive = clinic.target_admin
                                  .query_value(
                                      "SELECT archive_table FROM dispatch_sync.schema_changes WHERE target_table = "
                                      "'products' AND archive_table IS NOT NULL")
                                  .value();
  BOOST_TEST(clinic.target_admin
                 .query_value("SELECT bool_or(has_table_privilege(r, '" + archive +
                              "', 'SELECT')) FROM unnest(ARRAY['anon', 'authenticated', 'service_role']) r")
                 .value() == "f");

  // The second time there is nothing to do.
  const std::string cleaned = dump(clinic);
  const long changes = ledger_count(clinic, "schema_changes");
  clinic.agent.must({"cleanup", "--yes"});
  expect_equal(cleaned, dump(clinic));
  BOOST_TEST(ledger_count(clinic, "schema_changes") == changes);

  clinic.agent.must({"rollback", "cleanup", "--dry-run"});
  expect_equal(cleaned, dump(clinic));
  BOOST_TEST(clinic.agent.command({"rollback", "cleanup"}).exit_code == 2);
  clinic.agent.must({"rollback", "cleanup", "--yes"});
  expect_equal(before, dump(clinic));
  clinic.agent.must({"rollback", "cleanup", "--yes"});
  expect_equal(before, dump(clinic));
  BOOST_TEST(ledger_count(clinic, "schema_changes WHERE status <> 'undone'") == 0);
}

BOOST_AUTO_TEST_CASE(cleanup_names_everything_that_needs_a_column_and_changes_nothing) {
  const Clinic clinic{kNasty};
  const std::string before = dump(clinic);
  const CommandResult refused = clinic.agent.command({"cleanup", "--yes"});
  BOOST_TEST(refused.exit_code == 6, refused.err);
  for (const char* name :
       {"foreign key sku_prices.prices_sku", "view product_codes", "view code_list", "materialized view code_counts",
        "index products_name_sku", "constraint products.sku_or_name", "generated column products.label",
        "policy products.with_code", "trigger products.sku_watch", "statistics object sku_name",
        "function code_of(p uuid)"}) {
    BOOST_TEST(refused.err.find(name) != std::string::npos, name << " is not in: " << refused.err);
  }
  // What is made of the column alone goes with it, and is not asked about.
  BOOST_TEST(refused.err.find("products_sku_key") == std::string::npos, refused.err);
  expect_equal(before, dump(clinic));
}

// reliability 104i
BOOST_AUTO_TEST_CASE(listed_dependents_go_with_the_columns_and_come_back_as_they_were) {
  const Clinic clinic{kNasty, kNastyNames};
  const std::string before = dump(clinic);
  const CommandResult cleaned = clinic.agent.command({"cleanup", "--yes"});
  BOOST_TEST(cleaned.exit_code == 0, cleaned.err);
  BOOST_TEST(cleaned.out.find("mentions_it()") != std::string::npos, cleaned.out);
  BOOST_TEST(columns_of(clinic, "products") == "id,legacy_product_id,name,updated_at");
  BOOST_TEST(clinic.on_target("SELECT count(*) FROM pg_class WHERE relname IN ('product_codes', 'code_list', "
                              "'code_counts')") == "0");
  const CommandResult back = clinic.agent.command({"rollback", "cleanup", "--yes"});
  BOOST_TEST(back.exit_code == 0, back.err);
  expect_equal(before, dump(clinic));
}

BOOST_AUTO_TEST_CASE(rows_of_after_the_cleanup_get_the_default_and_a_rule_that_they_break_stays_off) {
  const Clinic clinic;
  clinic.target.exec(
      "UPDATE products SET sku = id::text; ALTER TABLE products ALTER COLUMN sku SET NOT NULL, ALTER COLUMN sku SET "
      "DEFAULT "
      "'none'; UPDATE profiles SET legacy_patient_id = 0 WHERE legacy_patient_id IS NULL; ALTER TABLE profiles ALTER "
      "COLUMN "
      "legacy_patient_id SET NOT NULL");
  clinic.agent.must({"cleanup", "--yes"});
  clinic.target.exec(
      "INSERT INTO products (name) VALUES ('new 1'), ('new 2'); INSERT INTO profiles (name) VALUES ('new')");
  const CommandResult back = clinic.agent.command({"rollback", "cleanup", "--yes"});
  BOOST_TEST(back.exit_code == 1, back.err);
  BOOST_TEST(back.out.find("products_sku_key") != std::string::npos, back.out);
  BOOST_TEST(back.out.find("\"legacy_patient_id\" SET NOT NULL") != std::string::npos, back.out);
  BOOST_TEST(back.out.find("\"sku\" SET NOT NULL") == std::string::npos, back.out);
  BOOST_TEST(clinic.on_target("SELECT count(*) FROM products WHERE sku = 'none' AND name LIKE 'new%'") == "2");
  BOOST_TEST(clinic.on_target("SELECT count(*) FROM products WHERE sku <> id::text AND name NOT LIKE 'new%'") == "0");
  // Put right by hand, the next one brings the rule back.
  clinic.target.exec(
      "UPDATE products SET sku = name WHERE name LIKE 'new%'; UPDATE profiles SET legacy_patient_id = 1 WHERE name = "
      "'new'");
  clinic.agent.must({"rollback", "cleanup", "--yes"});
  BOOST_TEST(clinic.on_target("SELECT count(*) FROM pg_constraint WHERE conname = 'products_sku_key'") == "1");
  BOOST_TEST(clinic.on_target("SELECT count(*) FROM pg_attribute WHERE attrelid IN ('products'::regclass, "
                              "'profiles'::regclass) AND attname IN ('sku', 'legacy_patient_id') AND attnotnull") ==
             "2");
}

// reliability 104f
BOOST_AUTO_TEST_CASE(cleanup_works_while_the_source_takes_no_writes_and_while_it_is_away) {
  Clinic clinic;
  clinic.source_admin.exec("ALTER DATABASE " + clinic.name + " SET default_transaction_read_only = on");
  clinic.agent.options().source_url = "postgresql://nobody@127.0.0.1:1/gone";
  clinic.agent.configure();
  clinic.agent.must({"cleanup", "--yes"});
  BOOST_TEST(columns_of(clinic, "products") == "id,legacy_product_id,name,updated_at");
}

BOOST_AUTO_TEST_CASE(cleanup_tries_again_while_somebody_uses_the_table_and_names_him) {
  const Clinic clinic;
  tests::Sql reader = clinic.target.session();
  reader.exec("SET application_name = 'nightly report'; BEGIN; SELECT count(*) FROM products");
  const auto cleanup = clinic.agent.begin({"cleanup", "--yes"});
  cleanup->wait_for_line("nightly report");
  reader.exec("COMMIT");
  BOOST_TEST(cleanup->wait() == 0, cleanup->err());
  BOOST_TEST(columns_of(clinic, "products") == "id,legacy_product_id,name,updated_at");
}

// What was committed before a crash is not done again.
BOOST_AUTO_TEST_CASE(a_cleanup_and_a_rollback_that_were_killed_between_two_tables_go_on) {
  const Clinic clinic;
  const std::string before = dump(clinic);
  const auto kill_at = [&](const std::vector<std::string>& args, const std::string& second_table) {
    tests::Sql holder = clinic.target.session();
    holder.exec("BEGIN; SELECT count(*) FROM " + second_table);
    const auto process = clinic.agent.begin(args);
    process->wait_for_line("tried again");
    process->kill(9);
    process->wait();
    holder.exec("COMMIT");
  };
  kill_at({"cleanup", "--yes"}, "products");
  BOOST_TEST(columns_of(clinic, "profiles") == "id,legacy_user_id,name,updated_at");
  BOOST_TEST(columns_of(clinic, "products").find("sku") != std::string::npos);
  clinic.agent.must({"cleanup", "--yes"});
  BOOST_TEST(columns_of(clinic, "products") == "id,legacy_product_id,name,updated_at");
  kill_at({"rollback", "cleanup", "--yes"}, "profiles");
  BOOST_TEST(columns_of(clinic, "products").find("sku") != std::string::npos);
  clinic.agent.must({"rollback", "cleanup", "--yes"});
  expect_equal(before, dump(clinic));
}

BOOST_AUTO_TEST_CASE(cleanup_takes_itself_back_when_something_else_in_the_table_changed) {
  const Clinic clinic;
  clinic.target_admin.exec(
      "CREATE FUNCTION meddle() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN IF NOT EXISTS (SELECT FROM "
      "pg_attribute WHERE attrelid = 'public.products'::regclass AND attname = 'sku') THEN UPDATE public.products SET "
      "name = "
      "'meddled' "
      "WHERE name = 'p7'; END IF; END $$; CREATE EVENT TRIGGER meddle ON ddl_command_end EXECUTE FUNCTION meddle()");
  const CommandResult refused = clinic.agent.command({"cleanup", "--yes"});
  BOOST_TEST(refused.exit_code == 6, refused.err);
  BOOST_TEST(refused.err.find("changed something else") != std::string::npos, refused.err);
  BOOST_TEST(columns_of(clinic, "products").find("sku") != std::string::npos);
  BOOST_TEST(clinic.on_target("SELECT count(*) FROM products WHERE name = 'meddled'") == "0");
  clinic.target_admin.exec("DROP EVENT TRIGGER meddle");
}
