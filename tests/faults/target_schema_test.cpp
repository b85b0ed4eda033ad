// Somebody changes the target's tables while the agent writes to them: it stops, says which table and what to do, quarantines nothing, and
// goes on once that is mended.
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <ostream>
#include <string>

#include "tests/faults/people.hpp"

namespace {

struct Move {
  const char* change;
  const char* back;
  const char* said;  ///< what the message must name
};
std::ostream& operator<<(std::ostream& out, const Move& move) { return out << move.change; }

const Move kMoves[] = {
    {"ALTER TABLE people DROP COLUMN name", "ALTER TABLE people ADD COLUMN name text", "name"},
    {"ALTER TABLE people RENAME COLUMN name TO full_name", "ALTER TABLE people RENAME COLUMN full_name TO name",
     "name"},
    {"ALTER TABLE people RENAME TO persons", "ALTER TABLE persons RENAME TO people", "people"},
    {"ALTER TABLE people ALTER name TYPE integer USING length(name)", "ALTER TABLE people ALTER name TYPE text",
     "name"},
    {"ALTER TABLE people ADD COLUMN height integer NOT NULL DEFAULT 1; ALTER TABLE people ALTER height DROP DEFAULT",
     "ALTER TABLE people ALTER height SET DEFAULT 1", "height"},
};

}  // namespace

// reliability 115, 118
BOOST_DATA_TEST_CASE(a_changed_target_table_stops_the_agent_until_it_is_mended, boost::unit_test::data::make(kMoves),
                     move) {
  faults::People pair;
  pair.bring_over();
  pair.agent.start();
  pair.agent.wait_streaming();
  pair.target.exec(move.change);
  pair.add(1000, 1400);
  BOOST_TEST(pair.agent.wait() == 6);
  const std::string said = pair.agent.process().err();
  for (const std::string& part : {std::string("route=people"), std::string(move.said), std::string("SQLSTATE"),
                                  std::string("remedy:"), std::string("agent check")}) {
    BOOST_TEST(said.find(part) != std::string::npos, "does not say \"" << part << "\": " << said);
  }
  BOOST_TEST(pair.quarantined() == "");
  // Started again it says so again, before or while it applies: no crash loop, no damage.
  const int again = pair.agent.command({"sync", "--until-current"}).exit_code;
  BOOST_TEST((again == 2 || again == 6), "ended with " << again);

  pair.target.exec(move.back);
  pair.source.exec("UPDATE person SET name = name || '.'");  // what the change took from the target comes back
  pair.bring_over();
  BOOST_CHECK_NO_THROW(pair.require_equal());
}
