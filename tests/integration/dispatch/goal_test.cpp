// A position to stop at: each transaction is wholly before it or wholly behind it.
#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/support/small_pair.hpp"

namespace {

struct Rows : tests::SmallPair {
  Rows()
      : SmallPair("CREATE TABLE item (id integer PRIMARY KEY, batch text)",
                  "CREATE TABLE items (id uuid PRIMARY KEY, batch text, legacy_id integer)",
                  "version: 1\nnamespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\nroutes:\n"
                  "  - { from: item, to: items, entity: item, columns: { batch: batch, legacy_id: id } }\n") {
    bring_over();
  }

  /// Where the next record of the source's log begins.
  static std::string position(tests::Sql& session) {
    return session.query_value("SELECT pg_current_wal_insert_lsn()").value();
  }
  /// `sync --until-lsn` with what is on the target then.
  [[nodiscard]] std::string batches_at(const std::string& lsn) const {
    agent.must({"sync", "--until-lsn", lsn});
    require_honest();
    return on_target(
        "SELECT string_agg(batch || ' ' || n, ', ' ORDER BY batch) FROM (SELECT batch, count(*) AS n FROM items "
        "GROUP BY batch) b");
  }
};

}  // namespace

// reliability 68
BOOST_AUTO_TEST_CASE(a_goal_inside_of_a_transaction_leaves_it_wholly_out_and_one_behind_it_takes_it_wholly_in) {
  for (const char* memory : {"64kB", "1GB"}) {  // sent before the commit, and at the commit
    Rows pair;
    pair.source_admin.exec("ALTER DATABASE " + pair.name + " SET logical_decoding_work_mem = '" + memory + "'");
    tests::Sql large = pair.source.session();
    tests::Sql small = pair.source.session();
    large.exec("BEGIN; INSERT INTO item SELECT i, 'large' FROM generate_series(1, 4000) i");
    const std::string inside = Rows::position(large);
    small.exec("INSERT INTO item VALUES (-1, 'before')");
    const std::string after_small = Rows::position(large);
    large.exec("INSERT INTO item SELECT i, 'large' FROM generate_series(4001, 6000) i");
    // The commit's record begins here: the transaction commits at this position, not before it.
    const std::string at_commit = Rows::position(large);
    large.exec("COMMIT");
    const std::string after_large = Rows::position(small);
    small.exec("INSERT INTO item VALUES (-2, 'late')");

    BOOST_TEST_CONTEXT(memory) {
      BOOST_TEST(pair.batches_at(inside) == "");
      BOOST_TEST(pair.batches_at(after_small) == "before 1");
      BOOST_TEST(pair.batches_at(at_commit) == "before 1");
      BOOST_TEST(pair.batches_at(after_large) == "before 1, large 6000");
      pair.bring_over();
      BOOST_TEST(pair.on_target("SELECT count(*) FROM items") == "6002");
    }
  }
}
