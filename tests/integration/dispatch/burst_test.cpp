// Very many transactions of one change each, faster than each could be committed by itself.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/support/small_pair.hpp"

// reliability 66
BOOST_AUTO_TEST_CASE(a_burst_of_tiny_transactions_is_applied_in_batches_and_each_row_in_order) {
  tests::SmallPair pair(
      "CREATE TABLE item (id integer PRIMARY KEY, v integer); INSERT INTO item SELECT i, 0 FROM generate_series(0, 19) "
      "i",
      "CREATE TABLE items (id uuid PRIMARY KEY, v integer, legacy_id integer);"
      "CREATE FUNCTION forwards() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.v < OLD.v THEN RAISE "
      "'backwards'; END IF; "
      "RETURN NEW; END $$; CREATE TRIGGER forwards BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION forwards(); "
      "ALTER TABLE items ENABLE ALWAYS TRIGGER forwards",
      "version: 1\nnamespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\nroutes:\n"
      "  - { from: item, to: items, entity: item, columns: { v: v, legacy_id: id } }\n");
  pair.bring_over();
  pair.agent.start();
  pair.agent.wait_streaming();
  const auto transactions = [&] { return std::stol(pair.on_target("SELECT txid_current()")); };
  const long before = transactions();
  constexpr long kBurst = 30'000;
  pair.source.exec("DO $$ BEGIN FOR i IN 1.." + std::to_string(kBurst) +
                   " LOOP UPDATE item SET v = i WHERE id = i % 20; COMMIT; END LOOP; END $$");
  pair.agent.wait_applied();
  const long used = transactions() - before;
  BOOST_TEST_MESSAGE(kBurst << " transactions of the source in " << used << " of the target");
  BOOST_TEST(used < kBurst / 10);
  BOOST_TEST(tests::as_text(pair.source.query_rows("SELECT id, v FROM item ORDER BY id")) ==
             tests::as_text(pair.target.query_rows("SELECT legacy_id, v FROM items ORDER BY legacy_id")));
  BOOST_TEST(pair.on_target("SELECT count(*) FROM dispatch_sync.quarantine") == "0");
  BOOST_TEST(pair.agent.stop() == 0);
  pair.require_honest();
}
