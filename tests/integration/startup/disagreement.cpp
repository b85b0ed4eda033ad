#include "tests/integration/startup/disagreement.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "tests/support/wait.hpp"

namespace startup {

Disagreement::Disagreement() { pair.bring_over(); }

void Disagreement::change(int from, int to) const {
  for (int n = from; n < to; ++n) crash::Staff::change(n);
}

void Disagreement::expect_convergence() {
  pair.agent.start();
  pair.agent.wait_streaming();
  pair.agent.wait_applied();
  BOOST_TEST(pair.agent.stop() == 0, pair.agent.process().err());
  // What the server may forget, the target has.
  BOOST_TEST(pair.source_admin
                 .query_value("SELECT confirmed_flush_lsn <= '" + checkpoint() +
                              "' FROM pg_replication_slots WHERE slot_name = '" + pair.name + "'")
                 .value_or("no slot") == "t");
  expect_equal();
}

std::string Disagreement::checkpoint() const {
  return pair.target_admin.query_value("SELECT applied_lsn FROM dispatch_sync.checkpoint").value_or("none");
}

std::string Disagreement::target_content() const {
  std::string content = pair.target_admin.query_value("SELECT to_regclass('dispatch_sync.checkpoint')")
                            ? checkpoint()
                            : std::string("no ledger");
  for (const char* table : {"teams", "people", "badges", "people_badges"}) {
    content += pair.target_admin
                   .query_value("SELECT coalesce(md5(string_agg(t::text, ',' ORDER BY t::text)), '') FROM " +
                                std::string(table) + " t")
                   .value();
  }
  return content;
}

void Disagreement::expect_refused(int exit_code, std::initializer_list<std::string> texts) const {
  const std::string slots =
      "SELECT string_agg(slot_name || coalesce(plugin, ''), ',' ORDER BY 1) FROM pg_replication_slots";
  const tests::Database source = tests::shared_servers().source_cluster.database();
  const std::string before = target_content();
  const auto slots_before = source.query_value(slots);
  for (int i = 0; i < 2; ++i) {
    const tests::CommandResult result = pair.agent.command({"run"});
    BOOST_TEST(result.exit_code == exit_code, "ended with " << result.exit_code << ": " << result.err);
    BOOST_TEST(result.err.find("remedy:") != std::string::npos, "names no remedy: " << result.err);
    for (const std::string& text : texts) {
      BOOST_TEST(result.err.find(text) != std::string::npos, "does not say \"" << text << "\": " << result.err);
    }
    BOOST_TEST((target_content() == before), "the target was changed");
  }
  if (tests::shared_servers().source_cluster.is_running()) {
    BOOST_TEST((source.query_value(slots) == slots_before), "slots were made or dropped");
  }
}

void Disagreement::drop_slot() const {
  pair.source_admin.exec("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '" +
                         pair.name + "'");
}

void Disagreement::lose_state() const { std::filesystem::remove_all(pair.agent.state_dir()); }

void Disagreement::expect_remedy_copy_anew_converges() {
  drop_slot();
  pair.target.exec("DELETE FROM dispatch_sync.checkpoint WHERE slot = '" + pair.name + "'");
  lose_state();
  expect_convergence();
}

}  // namespace startup
