// The local state: lost, old, damaged, of another moment; and the ledger on the target.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "tests/integration/startup/disagreement.hpp"
#include "tests/support/seed.hpp"

namespace {

namespace fs = std::filesystem;
using startup::Disagreement;

void copy_directory(const fs::path& from, const fs::path& to) {
  fs::remove_all(to);
  fs::copy(from, to, fs::copy_options::recursive);
}

std::vector<fs::path> files_of(const fs::path& directory, const std::string& begin, const std::string& extension) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(begin) && entry.path().extension() == extension && entry.file_size() > 0)
      files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// Who wrote the rows last. Without those that refer to rows of their own table: they are first written without the reference, since what
/// they refer to may come later.
std::string versions_of_right_rows(const Disagreement& world) {
  return world.pair.on_target(
      "SELECT md5(string_agg(v, ',' ORDER BY v)) FROM (SELECT 't' || xmin::text || id::text AS v FROM teams UNION ALL "
      "SELECT 'p' || xmin::text || id::text FROM people WHERE boss_id IS NULL UNION ALL "
      "SELECT 'b' || xmin::text || person_id::text || badge_id::text FROM people_badges) r");
}

/// The damaged directory is refused (5), or what is damaged was not needed and the target comes out right; then the remedy.
void expect_found_or_harmless(Disagreement& world, const std::string& damage, int& found) {
  BOOST_TEST_CONTEXT(damage) {
    world.pair.agent.start();
    const std::string goal = world.pair.source.query_value("SELECT pg_logical_emit_message(true, 'test', '')").value();
    try {
      world.pair.agent.wait_applied();
      BOOST_TEST(world.pair.agent.stop() == 0, world.pair.agent.process().err());
      world.expect_equal();
    } catch (const std::runtime_error&) {
      const int code = world.pair.agent.wait();
      BOOST_TEST(code == 5, world.pair.agent.process().err());
      BOOST_TEST(world.pair.agent.process().err().find("remove the") != std::string::npos,
                 world.pair.agent.process().err());
      ++found;
    }
  }
}

}  // namespace

// reliability 102, 159
BOOST_AUTO_TEST_CASE(a_lost_state_is_rebuilt_and_what_went_meanwhile_goes) {
  Disagreement world;
  world.change(0, 5);
  world.lose_state();
  // Of rows that were deleted meanwhile nothing local remembers the target row, also not of a route without an id.
  world.pair.source.exec(
      "DELETE FROM person_badge WHERE id % 3 = 0; DELETE FROM team WHERE id = 7; DELETE FROM badge WHERE id = 3; "
      "UPDATE person_badge SET badge_id = 1 + badge_id % 20 WHERE id % 5 = 0");
  world.change(5, 10);
  world.expect_convergence();
  world.change(10, 13);
  world.expect_convergence();
}

// reliability 159
BOOST_AUTO_TEST_CASE(adopted_ids_outlive_the_local_state_and_the_query_that_gave_them) {
  Disagreement world;
  const auto adopted = [&] {
    return world.pair.on_target(
        "SELECT count(*) FROM teams WHERE id IN (SELECT lpad(i::text, 32, '0')::uuid FROM "
        "generate_series(1, 5) i)");
  };
  const std::string before = adopted();
  BOOST_TEST(before == "4");  // one of the five is filtered
  world.lose_state();
  world.pair.target_admin.exec("DELETE FROM earlier_team");
  world.change(0, 3);
  world.expect_convergence();
  BOOST_TEST(adopted() >= "3");
  // The query gives another id for a key that has one: the one that was given out first stays.
  world.lose_state();
  world.pair.target_admin.exec("INSERT INTO earlier_team VALUES (1, '11111111-1111-4111-8111-111111111111')");
  world.change(3, 6);
  world.expect_convergence();
}

// reliability 102
BOOST_AUTO_TEST_CASE(a_lost_state_is_rebuilt_without_rewriting_rows_that_are_right) {
  Disagreement world;
  const auto versions = [&] { return versions_of_right_rows(world); };
  const std::string before = versions();
  world.lose_state();
  world.expect_convergence();
  BOOST_TEST(versions() == before);
}

// reliability 97, 102
BOOST_AUTO_TEST_CASE(lines_of_the_quarantine_whose_row_is_well_after_a_rebuild_are_closed) {
  Disagreement world;
  world.pair.target.exec("ALTER TABLE badges ADD CHECK (label NOT LIKE 'bad %')");
  world.pair.source.exec("UPDATE badge SET label = 'bad ' || id WHERE id IN (3, 4, 5)");
  world.pair.bring_over();
  const std::string open =
      "SELECT count(*) || ' ' || count(resolved_at) || ' ' || coalesce(string_agg(resolution, ' ' ORDER BY "
      "legacy_key), '') "
      "FROM dispatch_sync.quarantine WHERE route = 'badges'";
  BOOST_TEST(world.pair.target_admin.query_value(open).value() == "3 0 ");
  world.lose_state();
  world.pair.source.exec("UPDATE badge SET label = 'good ' || id WHERE id IN (3, 4); DELETE FROM badge WHERE id = 5");
  world.expect_convergence();
  BOOST_TEST(world.pair.target_admin.query_value(open).value() == "3 3 applied applied deleted");
}

// reliability 47
BOOST_AUTO_TEST_CASE(a_table_copied_again_with_a_backlog_of_changes_loses_none) {
  Disagreement world;
  world.change(0, 5);
  world.pair.agent.must({"snapshot", "--table", "person"});
  world.change(5, 8);
  world.expect_convergence();
}

// reliability 35
BOOST_AUTO_TEST_CASE(an_old_copy_of_the_state_is_emptied_and_rebuilt_and_nothing_is_applied_again) {
  Disagreement world;
  const fs::path copy = world.pair.agent.directory() / "old";
  copy_directory(world.pair.agent.state_dir(), copy);
  world.change(0, 10);
  world.pair.source.exec("UPDATE team SET name = 'A' WHERE id = 2");
  world.change_everything();
  world.pair.bring_over();
  const auto versions = [&] { return versions_of_right_rows(world); };
  const std::string before = versions();
  copy_directory(copy, world.pair.agent.state_dir());
  world.pair.agent.start();
  world.pair.agent.process().wait_for_line("it is emptied and rebuilt local_lsn=");
  world.pair.agent.wait_streaming();
  world.pair.agent.wait_applied();
  BOOST_TEST(world.pair.agent.stop() == 0, world.pair.agent.process().err());
  BOOST_TEST(versions() == before);
  world.expect_equal();

  // The old copy may even equal the source again while the target holds what was in between.
  copy_directory(copy, world.pair.agent.state_dir());
  world.pair.source.exec("UPDATE team SET name = 'team 2' WHERE id = 2");
  world.change(10, 15);
  world.expect_convergence();
}

// reliability 35
BOOST_AUTO_TEST_CASE(sync_refuses_an_old_copy_of_the_state_since_it_reads_no_rows) {
  Disagreement world;
  const fs::path copy = world.pair.agent.directory() / "old";
  copy_directory(world.pair.agent.state_dir(), copy);
  world.change(0, 5);
  world.pair.bring_over();
  copy_directory(copy, world.pair.agent.state_dir());
  const tests::CommandResult sync = world.pair.agent.command({"sync", "--until-current"});
  BOOST_TEST(sync.exit_code == 6, sync.err);
  BOOST_TEST(sync.err.find("agent run") != std::string::npos, sync.err);
  world.expect_convergence();
}

// reliability 102
BOOST_AUTO_TEST_CASE(a_target_restored_to_an_earlier_moment_is_refused_until_copied_anew) {
  Disagreement world;
  // What a backup of the target is: its rows and its ledger of one moment.
  const std::string earlier = world.checkpoint();
  world.pair.target_admin.exec("CREATE SCHEMA backup; CREATE TABLE backup.teams AS TABLE teams");
  world.change(0, 5);
  world.pair.source.exec("UPDATE team SET name = 'after the backup'");
  world.pair.bring_over();
  world.pair.target_admin.exec(
      "SET session_replication_role = replica; DELETE FROM teams; INSERT INTO teams TABLE backup.teams; "
      "UPDATE dispatch_sync.checkpoint SET applied_lsn = '" +
      earlier + "'");
  world.expect_refused(6, {"restored to an earlier moment", "local_lsn=", "checkpoint_lsn=" + earlier});
  // Without the local state it is the slot that tells.
  world.lose_state();
  world.expect_refused(6, {"ahead", "confirmed_flush_lsn=", "applied_lsn=" + earlier});
  world.expect_remedy_copy_anew_converges();
}

BOOST_AUTO_TEST_CASE(a_state_of_another_slot_of_the_same_name_is_refused_until_it_is_removed) {
  Disagreement world;
  const fs::path copy = world.pair.agent.directory() / "old";
  copy_directory(world.pair.agent.state_dir(), copy);
  world.drop_slot();
  world.change(0, 3);
  world.expect_remedy_copy_anew_converges();
  copy_directory(copy, world.pair.agent.state_dir());
  world.expect_refused(5, {"another slot of the same name", "local_consistent_point=", "checkpoint_consistent_point="});
  world.change(3, 6);
  world.lose_state();
  world.expect_convergence();
}

BOOST_AUTO_TEST_CASE(a_ledger_that_is_gone_is_refused_until_copied_anew) {
  Disagreement world;
  world.pair.target_admin.exec("DROP SCHEMA dispatch_sync CASCADE");
  // The ledger alone remembers the rows of routes without an id: those whose source row goes while it is gone are nobody's.
  world.pair.source.exec("UPDATE team SET name = name || '+'; INSERT INTO person VALUES (5000, 'new', 1, NULL, NULL)");
  for (int i = 0; i < 2; ++i) {
    const tests::CommandResult refused = world.pair.agent.command({"run"});
    BOOST_TEST(refused.exit_code == 6, refused.err);
    BOOST_TEST(refused.err.find("its ledger is gone") != std::string::npos, refused.err);
    BOOST_TEST(refused.err.find("remedy:") != std::string::npos, refused.err);
  }
  world.expect_remedy_copy_anew_converges();
}

// reliability 152
BOOST_AUTO_TEST_CASE(the_state_directory_of_another_slot_or_publication_is_refused_with_both_names) {
  Disagreement world;
  world.pair.agent.options().slot = world.pair.name + "_other";
  world.pair.agent.configure();
  world.expect_refused(5, {"stored_slot=" + world.pair.name, "given_slot=" + world.pair.name + "_other"});
  world.pair.agent.options().slot = world.pair.name;
  world.pair.agent.options().publication = "another";
  world.pair.agent.configure();
  world.expect_refused(5, {"stored_publication=dispatch_sync", "given_publication=another"});
}

// reliability 102
BOOST_AUTO_TEST_CASE(a_state_whose_files_are_missing_or_cut_is_refused_and_rebuilt_once_removed) {
  Disagreement world;
  const fs::path state = world.pair.agent.state_dir();
  const fs::path copy = world.pair.agent.directory() / "intact";
  copy_directory(state, copy);
  const std::vector<fs::path> tables = files_of(state, "", ".sst");
  BOOST_REQUIRE(tables.size() >= 4U);
  int n = 0;
  const auto refused = [&](const std::string& damage, const std::function<void()>& spoil) {
    BOOST_TEST_CONTEXT(damage) {
      copy_directory(copy, state);
      spoil();
      world.change(n, n + 1);
      ++n;
      world.expect_refused(5, {"remove the"});
    }
  };
  refused("CURRENT missing", [&] { fs::remove(state / "CURRENT"); });
  refused("MANIFEST missing", [&] {
    for (const auto& entry : fs::directory_iterator(state))
      if (entry.path().filename().string().starts_with("MANIFEST")) fs::remove(entry.path());
  });
  refused("MANIFEST cut", [&] {
    for (const auto& entry : fs::directory_iterator(state))
      if (entry.path().filename().string().starts_with("MANIFEST"))
        fs::resize_file(entry.path(), entry.file_size() / 2);
  });
  refused("a table file missing", [&] { fs::remove(tables.front()); });
  refused("a table file cut", [&] { fs::resize_file(tables.back(), fs::file_size(tables.back()) / 2); });
  world.lose_state();
  world.expect_convergence();
}

// reliability 102
BOOST_AUTO_TEST_CASE(a_flipped_bit_anywhere_in_the_state_is_found_or_harmless_and_never_believed) {
  std::mt19937_64 random(tests::seed());
  Disagreement world;
  const fs::path state = world.pair.agent.state_dir();
  const fs::path copy = world.pair.agent.directory() / "intact";
  int found = 0;
  int n = 0;
  for (const char* extension : {".sst", ".log", ".sst", ".sst"}) {
    // The state of now, with something in its log.
    world.change(n, n + 2);
    n += 2;
    world.pair.bring_over();
    copy_directory(state, copy);
    for (const fs::path& file : files_of(state, "", extension)) {
      std::string bytes = read_file(file);
      // One in each third, so that data, index and footer are all met.
      for (int third = 0; third < 3; ++third) {
        const std::size_t at = (static_cast<std::size_t>(third) * bytes.size() + random() % bytes.size()) / 3;
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << (random() % 8)));
      }
      write_file(file, bytes);
    }
    world.change(n, n + 2);
    n += 2;
    expect_found_or_harmless(world, extension, found);
    world.lose_state();
    world.expect_convergence();
  }
  BOOST_TEST(found >= 2);
}

// reliability 102
BOOST_AUTO_TEST_CASE(a_state_directory_that_cannot_be_used_is_refused_by_name) {
  Disagreement world;
  world.lose_state();
  write_file(world.pair.agent.state_dir(), "a file in its place");
  world.expect_refused(5, {world.pair.agent.state_dir().string()});
  fs::remove(world.pair.agent.state_dir());
  world.change(0, 2);
  world.expect_convergence();
}
