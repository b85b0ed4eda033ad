// Rows whose values are large: what the agent takes for them follows the largest row, not all of a transaction.
#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/support/process_memory.hpp"
#include "tests/support/small_pair.hpp"

namespace {

constexpr int kRows = 12;
constexpr int kMegabytes = 8;  // of each value

constexpr const char* kMapping = R"yaml(version: 1
namespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8
routes:
  - from: document
    to: documents
    entity: document
    columns: { body: body, n: n, legacy_id: id }
)yaml";

std::string digest(const tests::Database& side, const std::string& table, const std::string& key) {
  return side
      .query_value(fmt::format("SELECT string_agg({0} || '|' || n || '|' || md5(body), E'\\n' ORDER BY {0}) FROM {1}",
                               key, table))
      .value();
}

}  // namespace

// reliability 61
BOOST_AUTO_TEST_CASE(a_transaction_of_wide_rows_takes_the_memory_of_few_of_them, *tests::judges_memory()) {
  tests::SmallPair pair{
      "CREATE TABLE document (id integer PRIMARY KEY, n integer NOT NULL, body text NOT NULL);"
      "ALTER TABLE document ALTER body SET STORAGE EXTERNAL",
      "CREATE TABLE documents (id uuid PRIMARY KEY, n integer NOT NULL, body text NOT NULL, "
      "legacy_id integer UNIQUE);"
      "ALTER TABLE documents ALTER body SET STORAGE EXTERNAL",
      kMapping};
  pair.bring_over();
  pair.agent.start();
  pair.agent.wait_streaming();
  const double before = tests::peak_memory_mb(pair.agent.process().pid());
  const auto expect_equal = [&](const std::string& step) {
    pair.agent.wait_applied();
    const double more = tests::peak_memory_mb(pair.agent.process().pid()) - before;
    BOOST_TEST_MESSAGE(step << ": " << more << " MB more");
    BOOST_TEST(digest(pair.source, "document", "id") == digest(pair.target, "documents", "legacy_id"), step);
    BOOST_TEST(more < 75 * kMegabytes, step << " took " << more << " MB more");
  };
  pair.source.exec(
      fmt::format("INSERT INTO document SELECT i, 0, repeat(chr(64 + i), {}) FROM generate_series(1, {}) i",
                  kMegabytes << 20, kRows));
  expect_equal("new rows");
  // The values are not sent again; local state has them.
  pair.source.exec("UPDATE document SET n = 1");
  expect_equal("a change beside the values");
  BOOST_TEST(pair.agent.stop() == 0, pair.agent.process().err());
}
