// Rows that somebody gave up (`agent quarantine discard`): named with who and why, until the source says otherwise.
#include <pwd.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/faults/people.hpp"

using faults::People;
using tests::CommandResult;

namespace {

/// Person 7 is refused (its name is too long for the target), person 8 waits for a team that is not there.
class Refused : public People {
 public:
  Refused() : People(300) {
    agent.options().max_quarantine = "5%";
    agent.configure();
    bring_over();
    target.exec("ALTER TABLE people ADD CONSTRAINT short CHECK (length(name) < 50)");
    source.exec(
        "UPDATE person SET name = repeat('x', 60) WHERE id = 7; UPDATE person SET team_id = 11 WHERE id = 8; UPDATE "
        "person SET name = repeat('y', 60) WHERE id = 9");
    bring_over();
  }

  void discard(const std::string& key) const {
    agent.must({"quarantine", "discard", key, "--reason", "agreed with accounting"});
  }
  /// What stands accepted, as route, key and kind.
  [[nodiscard]] std::string accepted() const {
    return ledger("route || ' ' || legacy_key || ' ' || op", "resolution = 'discarded'");
  }
  [[nodiscard]] std::string ended() const {
    return ledger("legacy_key || ' ' || resolution", "resolution LIKE 'discarded, %'");
  }
  [[nodiscard]] std::string name_of(int person) const {
    return on_target("SELECT name FROM people WHERE legacy_id = " + std::to_string(person));
  }

 private:
  [[nodiscard]] std::string ledger(const std::string& what, const std::string& where) const {
    return target_admin
        .query_value("SELECT coalesce(string_agg(" + what + ", ', ' ORDER BY legacy_key, op), '') FROM " +
                     "dispatch_sync.quarantine WHERE " + where)
        .value();
  }
};

}  // namespace

// reliability 97, 123
BOOST_AUTO_TEST_CASE(a_discard_names_who_gave_up_which_rows_and_why) {
  const Refused pair;
  BOOST_TEST(pair.agent.command({"quarantine", "discard", "7"}).exit_code == 2);
  const CommandResult nothing = pair.agent.command({"quarantine", "discard", "42", "--reason", "typing error"});
  BOOST_TEST(nothing.exit_code == 2, nothing.err);
  BOOST_TEST(nothing.err.find("none of these rows is quarantined or parked") != std::string::npos, nothing.err);
  pair.discard("7");
  pair.discard("8");
  BOOST_TEST(pair.accepted() == "people 7 upsert, people 8 park");
  BOOST_TEST(pair.target_admin
                 .query_value("SELECT string_agg((detail ->> 'reason') || ' ' || (detail -> 'keys') || "
                              "' ' || (detail ->> 'quarantined') || (detail ->> 'parked'), ', ' ORDER BY id) FROM "
                              "dispatch_sync.audit_log WHERE command = 'quarantine discard'")
                 .value() == "agreed with accounting [\"7\"] 10, agreed with accounting [\"8\"] 01");
  const std::string me = getpwuid(geteuid())->pw_name;
  BOOST_TEST(pair.target_admin
                 .query_value("SELECT count(*) FROM dispatch_sync.audit_log WHERE command = 'quarantine discard' AND "
                              "position('" +
                              me + "' IN actor) > 0")
                 .value() == "2");
  // They are still accounted for, and no longer asked about.
  BOOST_TEST(pair.counter("people", "quarantined") == 2);
  BOOST_TEST(pair.counter("people", "parked") == 1);
  const auto list = nlohmann::json::parse(pair.agent.must({"quarantine", "list", "--json"}));
  BOOST_TEST(list["quarantined_total"] == 1);
  BOOST_TEST(list["quarantined"][0]["legacy_key"] == "9");
  BOOST_TEST(list["parked"].empty(), list.dump());
  BOOST_TEST(list["accepted"].size() == 2U);
  BOOST_TEST(list["accepted"][1]["legacy_key"] == "8");
  BOOST_TEST(list["accepted"][1]["reason"] == "agreed with accounting");
  BOOST_TEST(list["accepted"][1]["actor"].get<std::string>().find(me) != std::string::npos, list.dump());
  // Twice is once.
  pair.discard("8");
  BOOST_TEST(pair.accepted() == "people 7 upsert, people 8 park");
}

// reliability 123
BOOST_AUTO_TEST_CASE(a_parked_row_is_shown_with_the_parent_that_it_waits_for_and_without_its_values) {
  Refused pair;
  const nlohmann::json expected = {{"route", "people"},
                                   {"legacy_key", "8"},
                                   {"status", "parked"},
                                   {"waits_for", {{{"column", "team_id"}, {"entity", "team"}, {"legacy_key", "11"}}}}};
  const auto look = [&] {
    const auto shown = nlohmann::json::parse(pair.agent.must({"quarantine", "show", "7", "8", "--json"}));
    BOOST_TEST(shown["quarantined"].size() == 1U);
    BOOST_TEST(shown["parked"] == nlohmann::json::array({expected}), shown.dump());
    BOOST_TEST(nlohmann::json::parse(pair.agent.must({"quarantine", "list", "--json"}))["parked"] == shown["parked"]);
    const std::string text = pair.agent.must({"quarantine", "show", "8"});
    BOOST_TEST(text.find("team 11 (team_id)") != std::string::npos, text);
    BOOST_TEST(text.find("p8") == std::string::npos, text);
    BOOST_TEST(pair.agent.command({"quarantine", "show", "42"}).exit_code == 2);
  };
  look();
  pair.agent.start();
  pair.agent.wait_streaming();
  look();
  BOOST_TEST(pair.agent.stop() == 0);
}

// reliability 97, 98, 123: more rows than a page, of either kind, by an agent that runs and by none
BOOST_AUTO_TEST_CASE(a_discard_of_many_rows_works_in_pages_and_says_what_each_came_to) {
  People pair(300);
  pair.agent.options().max_quarantine = "50%";
  pair.agent.options().batch_rows = 7;
  pair.agent.configure();
  pair.bring_over();
  pair.target.exec("ALTER TABLE people ADD CONSTRAINT short CHECK (length(name) < 50)");
  const auto discard = [&] {
    return nlohmann::json::parse(pair.agent.must({"quarantine", "discard", "--all", "--reason", "agreed", "--json"}));
  };
  const auto audited = [&](const char* which) {
    return pair.target_admin
        .query_value(
            "SELECT count(*) || ' ' || max((detail ->> 'quarantined')::int + (detail ->> 'parked')::int) || ' ' || "
            "sum((detail ->> '" +
            std::string(which) + "')::int) FROM dispatch_sync.audit_log WHERE command = 'quarantine discard'")
        .value();
  };
  pair.source.exec(
      "UPDATE person SET name = repeat('x', 60) WHERE id <= 20; UPDATE person SET team_id = 11 WHERE id BETWEEN 31 AND "
      "60");
  pair.bring_over();
  const auto first = discard();
  BOOST_TEST(first["quarantined"] == 20);
  BOOST_TEST(first["parked"] == 30);
  BOOST_TEST(audited("quarantined") == "8 7 20");
  BOOST_TEST(audited("parked") == "8 7 30");
  pair.source.exec(
      "UPDATE person SET name = repeat('x', 60) WHERE id BETWEEN 101 AND 114; UPDATE person SET team_id = 12 WHERE id "
      "BETWEEN 131 AND 144");
  pair.agent.start();
  pair.agent.wait_streaming();
  pair.agent.wait_applied();
  const auto second = discard();
  BOOST_TEST(second["quarantined"] == 14);
  BOOST_TEST(second["parked"] == 44);  // those that were given up before, too
  BOOST_TEST(pair.agent.stop() == 0);
  BOOST_TEST(pair.target_admin
                 .query_value("SELECT string_agg(op || ' ' || n, ', ' ORDER BY op) FROM (SELECT op, count(*) AS n FROM "
                              "dispatch_sync.quarantine WHERE resolution = 'discarded' GROUP BY op) AS x")
                 .value() == "park 44, upsert 34");
}

// reliability 97, 173
BOOST_AUTO_TEST_CASE(an_accepted_row_that_comes_to_pass_is_applied_and_its_acceptance_ends) {
  Refused pair;
  pair.agent.start();
  pair.agent.wait_streaming();
  pair.agent.must({"quarantine", "discard", "--all", "--reason", "all of them"});
  BOOST_TEST(pair.accepted() == "people 7 upsert, people 8 park, people 9 upsert");
  // Mended on the source, the parent there, and mended on the target: by the stream, by the stream, and by a retry that names it.
  pair.source.exec("UPDATE person SET name = 'mended' WHERE id = 7; INSERT INTO team VALUES (11, 'late')");
  pair.agent.wait_applied();
  BOOST_TEST(pair.name_of(7) == "mended");
  BOOST_TEST(pair.name_of(8) == "p8");
  BOOST_TEST(pair.accepted() == "people 9 upsert");
  pair.target.exec("ALTER TABLE people DROP CONSTRAINT short");
  BOOST_TEST(pair.agent.must({"quarantine", "retry"}).find("0 retried") != std::string::npos);
  pair.agent.must({"quarantine", "retry", "9"});
  BOOST_TEST(pair.accepted() == "");
  BOOST_TEST(pair.ended() == "7 discarded, then applied, 8 discarded, then applied, 9 discarded, then applied");
  BOOST_TEST(pair.agent.stop() == 0);
  BOOST_CHECK_NO_THROW(pair.require_equal());
}

// reliability 97, 165
BOOST_AUTO_TEST_CASE(an_acceptance_is_of_the_row_as_it_was) {
  const Refused pair;
  pair.discard("7");
  pair.discard("8");
  pair.discard("9");
  // Nothing has changed of them: neither reading everything anew nor a retry asks again.
  pair.agent.must({"snapshot"});
  BOOST_TEST(pair.agent.command({"quarantine", "retry", "7"}).exit_code == 1);
  BOOST_TEST(pair.accepted() == "people 7 upsert, people 8 park, people 9 upsert");
  BOOST_TEST(pair.quarantined() == "");
  // Another name that is too long is another loss; the parent that comes may show that the row itself is not right; what is deleted is
  // nobody's loss.
  pair.source.exec(
      "UPDATE person SET name = repeat('z', 70) WHERE id = 7; UPDATE person SET name = repeat('z', 70) WHERE id = 8; "
      "INSERT INTO team VALUES (11, 'late'); DELETE FROM person WHERE id = 9");
  pair.bring_over();
  BOOST_TEST(pair.accepted() == "");
  BOOST_TEST(pair.ended() == "7 discarded, then refused, 8 discarded, then refused, 9 discarded, then deleted");
  BOOST_TEST(pair.quarantined() == "people 7 23514\npeople 8 23514\n");
  // The same key again is a new row.
  pair.source.exec("INSERT INTO person VALUES (9, 'another', 1)");
  pair.bring_over();
  BOOST_TEST(pair.name_of(9) == "another");
  pair.require_honest();
}

#ifdef AGENT_FAILPOINTS
// reliability 97, 100: killed between the target's commit and the local state's, which is then brought to what the target holds
BOOST_AUTO_TEST_CASE(an_accepted_row_that_was_applied_right_before_a_kill_is_applied_after_it) {
  const Refused pair;
  pair.discard("7");
  pair.source.exec("UPDATE person SET name = 'mended' WHERE id = 7");
  // What is committed first may be an earlier transaction of the source that changes no row.
  do {
    const CommandResult killed =
        pair.agent.command({"sync", "--until-current"}, {{"AGENT_FAILPOINTS", "after_target_commit=kill"}});
    BOOST_REQUIRE_MESSAGE(killed.exit_code == 137, killed.err);
  } while (pair.name_of(7) != "mended");
  pair.source.exec("UPDATE person SET name = 'mended again' WHERE id = 7");
  pair.bring_over();
  BOOST_TEST(pair.name_of(7) == "mended again");
  BOOST_TEST(pair.counter("people", "quarantined") == 1);  // 9
  pair.require_honest();
}
#endif
