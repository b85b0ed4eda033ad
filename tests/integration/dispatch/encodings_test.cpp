// Sources whose databases are not in UTF-8: what is text arrives as the same text, and what is none is refused row by row.
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "tests/integration/dispatch/way.hpp"

namespace {

using meaning::kBothWays;
using meaning::Way;

const std::string kSource = R"sql(
CREATE TABLE item (id integer PRIMARY KEY, name text, kind text NOT NULL DEFAULT 'k');
CREATE TABLE tag (code text PRIMARY KEY, item_id integer, label text);
)sql";

const std::string kTarget = R"sql(
CREATE TABLE items (id uuid PRIMARY KEY, name text, legacy_id integer UNIQUE);
CREATE TABLE shown (id uuid PRIMARY KEY, legacy_id integer UNIQUE);
CREATE TABLE kinds (id uuid PRIMARY KEY, kind text, legacy_id integer UNIQUE);
CREATE TABLE tags (id uuid PRIMARY KEY, item_name text, label text);
CREATE TABLE codes (id uuid PRIMARY KEY, code text UNIQUE);
)sql";

const std::string kMapping = R"yaml(version: 1
namespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8
routes:
  - from: item
    to: items
    entity: item
    columns: { name: name, legacy_id: id }
  - from: item
    to: shown
    entity: shown
    where: coalesce(name, '') <> 'hidden'
    columns: { legacy_id: id }
  - from: item
    to: kinds
    entity: kind
    columns: { kind: kind, legacy_id: id }
  - from: tag
    to: tags
    entity: tag
    join: { item: { from: item, on: { id: item_id } } }
    columns: { item_name: item.name, label: label }
  - from: tag
    to: codes
    entity: code
    columns: { code: code }
)yaml";

struct Encoded : tests::SmallPair {
  explicit Encoded(const std::string& encoding) : SmallPair(kSource, kTarget, kMapping, encoding) {
    agent.options().max_quarantine = "50%";
    agent.configure();
  }

  [[nodiscard]] std::string refused(const std::string& route) const {
    return on_target(
        "SELECT string_agg(legacy_key || ' ' || sqlstate, ', ' ORDER BY legacy_key) FROM dispatch_sync.quarantine "
        "WHERE resolved_at IS NULL AND route = '" +
        route + "'");
  }
  /// Whether the items' names are the same characters on both sides, as each server writes them in UTF-8.
  void expect_same_names() const {
    const auto sum = [](const tests::Database& side, const std::string& sql) {
      return side.query_value(sql).value_or("");
    };
    const std::string digest =
        "SELECT count(*) || ' ' || md5(string_agg(ID || encode(convert_to(name, 'UTF8'), 'hex'), ' ' ORDER BY ID)) "
        "FROM ";
    const auto with = [&](const std::string& id) {
      std::string sql = digest;
      for (auto at = sql.find("ID"); at != std::string::npos; at = sql.find("ID")) sql.replace(at, 2, id);
      return sql;
    };
    BOOST_TEST(sum(source, with("id") + "item") == sum(target, with("legacy_id") + "items"));
  }
};

}  // namespace

// reliability 112
BOOST_DATA_TEST_CASE(bytes_that_are_no_text_are_refused_row_by_row_and_named, kBothWays, way) {
  Encoded pair("SQL_ASCII");
  // Enough rows for either way of sending them; some that are UTF-8, and some that are LATIN1.
  meaning::bring(pair, way,
                 R"(INSERT INTO item SELECT i, 'item ' || i FROM generate_series(1, 400) i;
                    UPDATE item SET name = E'caf\xc3\xa9' WHERE id = 2;
                    UPDATE item SET name = E'caf\xe9' WHERE id = 3;
                    UPDATE item SET name = NULL WHERE id = 4;
                    UPDATE item SET name = E'\x81' WHERE id = 350;
                    INSERT INTO tag VALUES ('good', 3, 'sees a bad name'), (E'b\xe9', 1, 'bad code'),
                      ('other', 2, E'bad \xff label'), ('fine', 2, 'fine'))");
  BOOST_TEST(pair.on_target("SELECT count(*) FROM items") == "398");
  BOOST_TEST(pair.on_target("SELECT name FROM items WHERE legacy_id = 2") == "caf\xC3\xA9");
  BOOST_TEST(pair.refused("items") == "3 22021, 350 22021");
  BOOST_TEST(pair.refused("shown") == "3 22021, 350 22021");
  BOOST_TEST(pair.on_target("SELECT count(*) FROM kinds") == "400");
  BOOST_TEST(pair.on_target("SELECT string_agg(item_name, ' ') FROM tags WHERE label = 'fine'") == "caf\xC3\xA9");
  const std::string bad_key =
      "\xEF\xBF\xBD"
      "62e9";
  BOOST_TEST(pair.refused("codes") == bad_key + " 22021");
  BOOST_TEST(pair.refused("tags") == "good 22021, other 22021, " + bad_key + " 22021");
  BOOST_TEST(
      pair.on_target("SELECT row ->> 'name' FROM dispatch_sync.quarantine WHERE route = 'items' AND legacy_key = "
                     "'3'") == "caf\\xe9");
  BOOST_TEST(pair.counter("items", "applied") == 398);
  BOOST_TEST(pair.counter("items", "quarantined") == 2);
  pair.require_honest();

  // Mended on the source, and tried again; a row that goes leaves no line.
  pair.source.exec(
      R"(UPDATE item SET name = E'caf\xc3\xa9' WHERE id = 3; DELETE FROM item WHERE id = 350;
         UPDATE item SET name = E'\xe9' WHERE id = 5; UPDATE tag SET label = 'good' WHERE code = 'other')");
  pair.bring_over();
  BOOST_TEST(pair.refused("items") == "3 22021, 5 22021");
  BOOST_TEST(pair.agent.command({"quarantine", "retry"}).exit_code == 1);
  BOOST_TEST(pair.refused("items") == "5 22021");
  BOOST_TEST(pair.refused("tags") == bad_key + " 22021");
  BOOST_TEST(pair.refused("codes") == bad_key + " 22021");
  pair.source.exec(
      R"(UPDATE item SET name = 'five' WHERE id = 5; UPDATE tag SET code = 'mended' WHERE code = E'b\xe9')");
  pair.bring_over();
  pair.agent.must({"quarantine", "retry"});
  BOOST_TEST(pair.refused("items") + pair.refused("codes") + pair.refused("tags") == "");
  BOOST_TEST(pair.on_target("SELECT string_agg(code, ' ' ORDER BY code) FROM codes") == "fine good mended other");
  pair.expect_same_names();
}

// reliability 112
BOOST_DATA_TEST_CASE(a_source_in_another_encoding_is_converted_by_its_server, kBothWays, way) {
  Encoded pair("LATIN1");
  const std::string all =
      "INSERT INTO item SELECT i, 'x' || chr(i) || 'y' FROM generate_series(32, 255) i WHERE i NOT "
      "BETWEEN 127 AND 159";
  meaning::bring(pair, way, all);
  BOOST_TEST(pair.on_target("SELECT name FROM items WHERE legacy_id = 233") == "x\xC3\xA9y");
  pair.expect_same_names();
  pair.source.exec("UPDATE item SET name = name || chr(255); INSERT INTO tag VALUES (chr(228), 1, chr(223))");
  pair.bring_over();
  pair.expect_same_names();
  BOOST_TEST(pair.on_target("SELECT code FROM codes") == "\xC3\xA4");
}

// reliability 112: what its server cannot convert stops it, since nothing can be left out of a stream
BOOST_DATA_TEST_CASE(a_character_that_utf8_has_not_stops_with_its_table_and_a_remedy, kBothWays, way) {
  Encoded pair("WIN1252");
  // Keys that the source's server orders otherwise than their bytes in UTF-8: none may go when chunks of them are compared again.
  meaning::bring(pair, way,
                 R"(INSERT INTO tag SELECT E'\x80' || i FROM generate_series(1, 150) i;
                    INSERT INTO tag SELECT E'\xe9' || i FROM generate_series(1, 150) i)");
  pair.agent.options().chunk_rows = 100;
  pair.agent.configure();
  for (int i = 0; i < 2; ++i) pair.agent.must({"snapshot"});
  BOOST_TEST(pair.on_target("SELECT count(*) || ' ' || min(code) || ' ' || max(code) FROM codes WHERE code ~ '[€é]'") ==
             "300 é1 €99");

  pair.source.exec("INSERT INTO item VALUES (1, E'euro \x80'), (2, E'no character: \x81')");
  std::vector<std::string> args{"sync", "--until-current"};
  if (way == Way::Snapshot) args = {"snapshot", "--table", "item"};
  const tests::CommandResult stopped = pair.agent.command(args);
  BOOST_TEST(stopped.exit_code == 3, stopped.err);
  for (const char* text : {"22P05", "WIN1252", "remedy:"})
    BOOST_TEST(stopped.err.find(text) != std::string::npos, stopped.err);
  pair.require_honest();
}
