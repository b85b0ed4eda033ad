// Local state that somebody has spoilt: what it led to on the target is put right, and so is the state itself.
#include <boost/test/unit_test.hpp>
#include <string>

#include "mapping/derive.hpp"
#include "tests/integration/repair/club.hpp"
#include "tests/support/spoilt_state.hpp"

using repair::Club;
using repair::different;
using repair::extra;
using repair::missing;
using tests::integer_key;

namespace {

/// `exit_code` is 1 where the source itself leaves rows parked.
void must_repair(const Club& club, const std::vector<validate::Finding>& findings, int exit_code = 0) {
  club.found(findings);
  const auto repaired = club.agent.command({"repair", "--delete-extra"});
  BOOST_TEST(repaired.exit_code == exit_code, repaired.err << repaired.out);
}

}  // namespace

// reliability 123, 175
BOOST_AUTO_TEST_CASE(a_wrong_joined_row_is_read_anew_and_stays_right) {
  const Club club;
  tests::spoil(club.agent, [](const mapping::Plan& plan, state::Store&, state::Overlay& overlay) {
    const core::TableId nick = tests::table_called(plan, "nick");
    // The nickname of 6 as person 5's, and that of 5 gone: the source has said neither.
    overlay.put_image(nick, integer_key(6), *overlay.image(nick, integer_key(5)));
    overlay.erase(nick, integer_key(5));
  });
  club.source.exec("UPDATE person SET name = name || '!' WHERE id IN (5, 6)");
  club.bring_over();
  BOOST_CHECK_THROW(club.require_equal(), std::runtime_error);
  must_repair(club, {different("people", "5"), different("people", "6")});
  club.require_equal();
  club.source.exec("UPDATE person SET name = name || '?' WHERE id IN (5, 6)");
  club.bring_over();
  club.require_equal();
}

// reliability 123, 175
BOOST_AUTO_TEST_CASE(a_wrong_status_of_a_parent_is_put_right_with_the_children_that_wait_for_it) {
  const Club club;
  tests::spoil(club.agent, [](const mapping::Plan& plan, state::Store&, state::Overlay& overlay) {
    overlay.set_status(tests::table_called(plan, "team"), integer_key(4), 0, core::RowStatus::Parked);
  });
  // Person 13 is of team 4, and cannot come.
  club.source.exec("UPDATE person SET name = name || '!' WHERE id = 13");
  club.bring_over();
  BOOST_TEST(club.person_id(13) == "");
  must_repair(club, {missing("people", "13")});
  BOOST_TEST(club.counter("teams", "parked") == 0);
  club.bring_over();
  club.require_equal();
}

// reliability 123, 175
BOOST_AUTO_TEST_CASE(a_row_that_only_the_local_state_has_goes_from_there_and_from_the_target_when_told) {
  const Club club;
  club.source.exec("DELETE FROM team WHERE id = 10");
  club.bring_over();
  tests::spoil(club.agent, [](const mapping::Plan& plan, state::Store&, state::Overlay& overlay) {
    const core::TableId team = tests::table_called(plan, "team");
    overlay.put_image(team, integer_key(10), *overlay.image(team, integer_key(1)));
    overlay.set_status(team, integer_key(10), 0, core::RowStatus::Applied);
  });
  club.source.exec("UPDATE person SET name = name || '!' WHERE id = 9");  // of team 10, which is not there
  club.target.exec(
      "SET session_replication_role = replica; INSERT INTO teams VALUES "
      "(gen_random_uuid(), 'a ghost', 10)");
  club.bring_over();
  must_repair(club,
              {extra("people", "9", {club.person_id(9)}), extra("teams", "10", {club.team_id(10)}),
               extra("members", "9", {club.person_id(9), club.team_id(3)})},
              1);
  BOOST_TEST(club.team_id(10) == "");
  BOOST_TEST(club.person_id(9) == "");
  BOOST_TEST(club.counter("teams", "read") == 9);
  club.bring_over();
  club.require_equal();
}

// reliability 123, 175
BOOST_AUTO_TEST_CASE(an_adopted_id_that_was_spoilt_is_taken_from_the_ledger_again) {
  const Club club;
  const std::string right = club.person_id(2);
  tests::spoil(club.agent, [](const mapping::Plan& plan, state::Store& store, state::Overlay&) {
    const core::EntityId person = plan.find_entity("person")->id;
    std::vector<state::Store::Adopted> ids;
    store.for_each_adopted(person, [&](const core::RowKey& key, const core::Uuid& uuid, const core::RowKey&) {
      ids.push_back({key, key == integer_key(2) ? *core::Uuid::parse("99999999-9999-4999-9999-999999999999") : uuid});
    });
    BOOST_REQUIRE(ids.size() == 3U);
    store.adopt(person, ids);
  });
  // The row moves to the wrong id, under which the right one's legacy id is taken.
  club.target.exec("DELETE FROM people WHERE legacy_id = 2");
  club.source.exec("UPDATE person SET name = name || '!' WHERE id = 2");
  club.bring_over();
  const std::string wrong = club.person_id(2);
  BOOST_TEST(wrong == "99999999-9999-4999-9999-999999999999");
  must_repair(club, {missing("people", "2"), missing("members", "2"), extra("people", "2", {wrong}),
                     extra("members", "2", {right, club.team_id(6)})});
  BOOST_TEST(club.person_id(2) == right);
  club.bring_over();
  club.require_equal();
}
