// Routes without an id whose key the target takes for equal though it reads differently: rows of the source that share a target row in
// this way know of each other.
#include <fmt/format.h>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/integration/dispatch/way.hpp"

BOOST_AUTO_TEST_SUITE(equal_keys)

namespace {

using meaning::kBothWays;
using meaning::Way;

/// A kind of key, in SQL: `one` and `same` are equal on the target, `other` is not.
struct KeyKind {
  std::string name;
  std::string type;         ///< on the source
  std::string target_type;  ///< and there
  std::string one;
  std::string same;
  std::string other;
};

const std::vector<KeyKind> kKinds = {
    {"numerics", "numeric", "numeric", "1.0", "1.00", "1.01"},
    {"amounts", "price", "price", "100", "1e2", "100.5"},
    {"rounded", "numeric", "numeric(10,2)", "1.001", "1.0", "1.01"},
    {"floats", "float8", "float8", "'-0'", "'0'", "'NaN'"},
    {"reals", "real", "real", "'0'", "'-0'", "0.1"},
    {"spans", "interval", "interval", "'1 mon -1 day'", "'29 days'", "'29 days 1 us'"},
    {"folded", "citext", "extensions.citext", "'Straße'", "'STRAßE'", "'strasse'"},
    {"texts", "text", "extensions.citext", "'É'", "'é'", "'e'"},
    {"blanks", "bpchar", "bpchar", "'a  '", "'a'", "' a'"},
    // Equal only where they read alike.
    {"counts", "integer", "bigint", "1", "1", "2"},
    {"names", "text", "text", "'a'", "'a'", "'A'"},
    {"padded", "char(4)", "char(4)", "'a'", "'a '", "'b'"},
    {"flags", "boolean", "boolean", "true", "true", "false"},
    {"hosts", "inet", "inet", "'10.0.0.1'", "'10.0.0.1/32'", "'10.0.0.1/8'"},
};

/// The pattern for each kind, one after the other.
std::string each(const std::string& pattern) {
  std::string text;
  for (const KeyKind& kind : kKinds)
    text += fmt::format(fmt::runtime(pattern), fmt::arg("name", kind.name), fmt::arg("type", kind.type),
                        fmt::arg("target_type", kind.target_type), fmt::arg("one", kind.one),
                        fmt::arg("same", kind.same), fmt::arg("other", kind.other),
                        fmt::arg("expression", kind.target_type == "extensions.citext" ? "n::extensions.citext" : "n"));
  return text;
}

std::string mapping() {
  return "version: 1\nnamespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\nroutes:\n" +
         each(
             "  - {{ from: {name}, to: {name}, id: null, conflict: [n], columns: {{ n: \"{expression}\", v: v }} }}\n");
}

struct EqualKeys : tests::SmallPair {
  EqualKeys() : SmallPair("", "", mapping()) {
    source_admin.exec("CREATE SCHEMA extensions; CREATE EXTENSION citext; GRANT USAGE ON SCHEMA extensions TO PUBLIC");
    target_admin.exec(
        "CREATE SCHEMA IF NOT EXISTS extensions; GRANT USAGE ON SCHEMA extensions TO PUBLIC; CREATE EXTENSION IF NOT "
        "EXISTS citext SCHEMA extensions");
    source.exec("CREATE DOMAIN price AS numeric");
    target.exec("CREATE DOMAIN price AS numeric");
    source.exec(each("CREATE TABLE {name} (id integer PRIMARY KEY, n {type}, v text);"));
    target.exec(each("CREATE TABLE {name} (n {target_type} PRIMARY KEY, v text);"));
  }

  /// The oracle: of the rows that are equal as the target sees it the one with the lowest id, as it reads.
  void expect_equal() const {
    for (const KeyKind& kind : kKinds) {
      std::string type = kind.target_type;
      if (type == "extensions.citext") type = "citext";
      const auto on = [&](const tests::Database& side, const std::string& rows) {
        tests::Sql session = side.session();
        session.exec("SET search_path = public, extensions; SET IntervalStyle = 'postgres'");
        return tests::as_text(session.query_rows("SELECT l FROM (SELECT format('%s|%s', n, v) AS l FROM (" + rows +
                                                 ") x) y ORDER BY l COLLATE \"C\""));
      };
      const std::string expected = on(
          source, fmt::format("SELECT DISTINCT ON (n::{1}) n::{1}, v FROM {0} ORDER BY n::{1}, id", kind.name, type));
      const std::string actual = on(target, fmt::format("SELECT n, v FROM {}", kind.name));
      BOOST_TEST((expected == actual), kind.name << ": expected " << expected << " but there is " << actual);
    }
    BOOST_TEST(on_target("SELECT count(*) FROM dispatch_sync.quarantine") == "0");
  }

  /// Runs SQL for each kind, in one transaction, and compares.
  void change(const std::string& pattern) const {
    source.exec("BEGIN; " + each(pattern) + " COMMIT");
    bring_over();
    expect_equal();
  }
};

}  // namespace

// reliability 56, 72, 79
BOOST_DATA_TEST_CASE(rows_whose_keys_are_equal_in_other_words_share_their_target_row, kBothWays, way) {
  EqualKeys pair;
  meaning::bring(pair, way,
                 each("INSERT INTO {name} VALUES (1, {one}, 'one'), (2, {same}, 'two'), (3, {other}, 'three');"));
  pair.expect_equal();
  pair.change("DELETE FROM {name} WHERE id = 1;");
  pair.change("INSERT INTO {name} VALUES (1, {one}, 'one again');");
  pair.change("DELETE FROM {name} WHERE id = 2;");
  pair.change("UPDATE {name} SET n = {same} WHERE id = 1;");  // the same row, in other words
  pair.change("INSERT INTO {name} VALUES (4, {one}, 'four');");
  pair.change("UPDATE {name} SET n = {other} WHERE id = 1; DELETE FROM {name} WHERE id = 3;");
  pair.change("DELETE FROM {name} WHERE id = 4; INSERT INTO {name} VALUES (5, {same}, 'five');");
  pair.change("INSERT INTO {name} VALUES (0, {one}, 'zero');");
  BOOST_TEST(pair.agent.command({"validate"}).exit_code == 0);
  pair.agent.must({"snapshot"});
  pair.expect_equal();
  pair.change("DELETE FROM {name} WHERE id IN (0, 5);");
  pair.change("DELETE FROM {name};");
  BOOST_TEST(pair.agent.command({"validate"}).exit_code == 0);
}

// reliability 41, 56: what the target has and the local state does not know yet is decided once more
BOOST_AUTO_TEST_CASE(a_killed_agent_keeps_the_row_that_others_share_in_other_words) {
  EqualKeys pair;
  pair.source.exec(each("INSERT INTO {name} VALUES (1, {one}, 'one'), (2, {same}, 'two'), (3, {other}, 'three');"));
  pair.bring_over();
  int step = 0;
  for (const char* place : {"before_target_commit", "after_target_commit", "before_state_commit"}) {
    pair.source.exec("BEGIN;" +
                     each(step++ % 2 == 0
                              ? "DELETE FROM {name} WHERE id = 1; UPDATE {name} SET v = v || '!';"
                              : "INSERT INTO {name} VALUES (1, {one}, 'one'); DELETE FROM {name} WHERE id = 2;"
                                "INSERT INTO {name} VALUES (4, {same}, 'four');") +
                     "COMMIT");
    const auto killed =
        pair.agent.command({"sync", "--until-current"}, {{"AGENT_FAILPOINTS", std::string{place} + "=kill"}});
    BOOST_TEST(killed.exit_code != 0, place);
    pair.require_honest();
    pair.bring_over();
    pair.expect_equal();
  }
}

// reliability 127: rows that nobody means are known for the agent's own by the same words
BOOST_AUTO_TEST_CASE(a_row_of_such_a_key_that_stayed_behind_is_known_for_the_agents_own) {
  EqualKeys pair;
  pair.source.exec(each("INSERT INTO {name} VALUES (1, {one}, 'one'), (3, {other}, 'three');"));
  pair.bring_over();
  pair.target_admin.exec("CREATE TABLE kept AS SELECT * FROM dispatch_sync.remembered_keys");
  tests::Sql target = pair.target_admin.session();
  for (const KeyKind& kind : kKinds) target.exec("CREATE TABLE kept_" + kind.name + " AS SELECT * FROM " + kind.name);
  pair.change("DELETE FROM {name} WHERE id = 1;");
  // As if the agent had not removed them.
  target.exec("INSERT INTO dispatch_sync.remembered_keys SELECT * FROM kept ON CONFLICT DO NOTHING");
  for (const KeyKind& kind : kKinds) {
    target.exec("INSERT INTO " + kind.name + " SELECT * FROM kept_" + kind.name + " ON CONFLICT DO NOTHING");
  }
  const auto validated = pair.agent.command({"validate", "--json"});
  BOOST_TEST(validated.exit_code != 0);
  const std::string extra = R"("extra":1)";
  std::size_t found = 0;
  std::string compact;
  for (const char c : validated.out) {
    if (c != ' ' && c != '\n') compact += c;
  }
  for (std::size_t at = compact.find(extra); at != std::string::npos; at = compact.find(extra, at + 1)) ++found;
  BOOST_TEST(found == kKinds.size(), validated.out);
  pair.agent.must({"snapshot"});
  pair.expect_equal();
}

// reliability 56: what was remembered in other words by an earlier agent is not taken for another row
BOOST_AUTO_TEST_CASE(keys_that_were_remembered_in_other_words_cost_no_row) {
  EqualKeys pair;
  pair.source.exec(each("INSERT INTO {name} VALUES (1, {one}, 'one'), (3, {other}, 'three');"));
  pair.bring_over();
  pair.target_admin.exec(
      "UPDATE dispatch_sync.remembered_keys SET target_key = ARRAY['1.0'] WHERE route = 'numerics' AND legacy_key = "
      "'1'; UPDATE dispatch_sync.remembered_keys SET target_key = ARRAY['t'] WHERE route = 'flags' AND legacy_key = "
      "'1'");
  std::filesystem::remove_all(pair.agent.state_dir());  // as a start does whose mapping has another layout
  pair.agent.must({"snapshot"});
  pair.expect_equal();
  BOOST_TEST(pair.on_target("SELECT string_agg(target_key[1], ' ' ORDER BY route, legacy_key) FROM "
                            "dispatch_sync.remembered_keys WHERE route IN ('flags', 'numerics')") ==
             "true false 1 1.01");
}

// reliability 56: chunks that several workers read at a time
BOOST_AUTO_TEST_CASE(rows_of_several_chunks_that_share_a_target_row_leave_that_of_the_lowest_key) {
  tests::SmallPair pair("CREATE TABLE item (id integer PRIMARY KEY, n numeric, v integer)",
                        "CREATE TABLE items (n numeric PRIMARY KEY, v integer)",
                        "version: 1\nnamespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\nroutes:\n"
                        "  - { from: item, to: items, id: null, conflict: [n], columns: { n: n, v: v } }\n");
  pair.source.exec("INSERT INTO item SELECT i, round(i % 40, i % 3), i FROM generate_series(1, 6000) i");
  pair.agent.options().chunk_rows = 100;
  pair.agent.options().workers = 4;
  pair.agent.configure();
  const auto expect_equal = [&] {
    BOOST_TEST(tests::as_text(pair.source.query_rows("SELECT DISTINCT ON (n) n, v FROM item ORDER BY n, id")) ==
               tests::as_text(pair.target.query_rows("SELECT n, v FROM items ORDER BY n")));
  };
  pair.bring_over();
  expect_equal();
  BOOST_TEST(pair.agent.command({"validate"}).exit_code == 0);
  pair.source.exec("DELETE FROM item WHERE id <= 3000");
  pair.bring_over();
  expect_equal();
}

// Where no common form is known the mapping is refused, before anything is written.
BOOST_AUTO_TEST_CASE(keys_that_are_equal_in_unknown_words_are_refused) {
  for (const std::string type : {"text COLLATE ignoring_case", "jsonb", "numrange", "integer[]"}) {
    tests::SmallPair pair("CREATE TABLE item (id integer PRIMARY KEY, n text)", "",
                          "version: 1\nnamespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\nroutes:\n"
                          "  - { from: item, to: items, id: null, conflict: [n], columns: { n: \"n::" +
                              type.substr(0, type.find(' ')) + "\" } }\n");
    pair.target_admin.exec(
        "CREATE COLLATION ignoring_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)");
    pair.target.exec("CREATE TABLE items (n " + type + " PRIMARY KEY)");
    const auto checked = pair.agent.command({"check"});
    BOOST_TEST(checked.exit_code == 1, type);
    BOOST_TEST((checked.out + checked.err).find("conflict column 'n' of 'items'") != std::string::npos,
               checked.out << checked.err);
    BOOST_TEST(pair.agent.command({"snapshot"}).exit_code != 0, type);
  }
}

BOOST_AUTO_TEST_SUITE_END()
