// Changes of the source's schema while it is copied. The copy is held up at the first table by a row of the target; the second one is changed then.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "tests/integration/schema/account.hpp"
#include "tests/support/wait.hpp"

namespace {

using tests::Account;

struct Change {
  std::string name;
  std::string ddl;                           ///< on log, which is not yet read
  std::string said;                          ///< empty: the copy gets through it by itself
  std::string mapping = Account::mapping();  ///< mended
  std::string on_source = "SELECT id, line FROM log ORDER BY 1";
};
std::ostream& operator<<(std::ostream& out, const Change& change) { return out << change.name; }

const std::string kAccountOnly =
    "version: 1\nnamespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\ntables: [account]\nroutes:\n"
    "  - { from: account, to: accounts, entity: account, columns: { first: first, second: second, amount: amount, "
    "legacy_id: id } }\n";

std::string with_line(const std::string& column) {
  std::string mapping = Account::mapping();
  return mapping.replace(mapping.find("line: line"), 10, "line: " + column);
}

const std::vector<Change> kChanges = {
    {.name = "dropped",
     .ddl = "DROP TABLE log",
     .said = "the table was dropped",
     .mapping = kAccountOnly,
     .on_source = "SELECT 1 WHERE false"},
    {.name = "renamed column",
     .ddl = "ALTER TABLE log RENAME COLUMN line TO text",
     .said = "column line was dropped or renamed",
     .mapping = with_line("text"),
     .on_source = "SELECT id, text FROM log ORDER BY 1"},
    {.name = "names exchanged",
     .ddl = "ALTER TABLE log RENAME COLUMN line TO x; ALTER TABLE log RENAME COLUMN spare TO line; ALTER TABLE log "
            "RENAME COLUMN x TO spare",
     .said = ""},
    {.name = "another type",
     .ddl = "ALTER TABLE log ALTER COLUMN line TYPE varchar(3) USING left(line, 3)",
     .said = "column line changed its type"},
    {.name = "a column with a default that is computed",
     .ddl = "ALTER TABLE log ADD COLUMN at timestamptz DEFAULT clock_timestamp()",
     .said = ""},
    // The new column has the table written anew, so that the copy goes on under another snapshot, which sees the wider type.
    {.name = "a wider type",
     .ddl = "ALTER TABLE log ALTER COLUMN line TYPE varchar, ADD COLUMN at timestamptz DEFAULT clock_timestamp()",
     .said = ""},
    {.name = "a column that is not mapped",
     .ddl = "ALTER TABLE log ADD COLUMN more text DEFAULT 'x', DROP COLUMN spare",
     .said = ""},
};

}  // namespace

// reliability 60, 130
BOOST_DATA_TEST_CASE(a_table_that_changes_while_others_are_copied_is_never_read_wrongly,
                     boost::unit_test::data::make(kChanges), change) {
  Account pair("ALTER TABLE log ADD COLUMN spare text DEFAULT 'spare';");
  pair.agent.options().workers = 1;
  pair.agent.configure();
  {
    tests::Sql lock = pair.target.session();
    lock.exec("BEGIN; INSERT INTO accounts (id, legacy_id) VALUES (gen_random_uuid(), 1)");
    pair.agent.start();
    const std::string waiting =
        "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    tests::wait_until([&] { return pair.target_admin.query_value(waiting) == "t"; }, "the copy to wait for the row");
    pair.source.exec(change.ddl);
    lock.exec("ROLLBACK");
  }
  if (change.said.empty()) {
    pair.agent.wait_applied();
    BOOST_TEST(pair.agent.stop() == 0);
  } else {
    pair.expect_end(6, {"table=log", change.said, "remedy: "});
    BOOST_TEST(pair.on_target("SELECT count(*) FROM logs") == "0");
    // The one slot that the copy goes on with, and none for its snapshots.
    BOOST_TEST(pair.source_admin
                   .query_value("SELECT string_agg(slot_name, ' ') FROM pg_replication_slots WHERE database = '" +
                                pair.name + "'")
                   .value_or("") == pair.name);
    pair.set_mapping(change.mapping);
    pair.agent.must({"snapshot"});
  }
  pair.source.exec("UPDATE account SET first = 'live' WHERE id = 1");
  pair.agent.must({"sync", "--until-current"});
  pair.expect_equal();
  pair.expect_equal(change.on_source, "SELECT legacy_id, line FROM logs ORDER BY 1");
}
