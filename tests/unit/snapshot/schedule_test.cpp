#include "snapshot/schedule.hpp"

#include <boost/test/unit_test.hpp>
#include <future>
#include <set>
#include <string>
#include <vector>

using core::TableId;
using snapshot::Job;
using snapshot::JobKind;
using snapshot::Schedule;

namespace {

std::vector<state::Chunk> chunks_of(std::uint16_t table, std::uint32_t count) {
  std::vector<state::Chunk> chunks(count);
  for (std::uint32_t number = 0; number < count; ++number) {
    chunks[number].table = TableId{table};
    chunks[number].number = number;
  }
  return chunks;
}

std::vector<state::Chunk> operator+(std::vector<state::Chunk> left, const std::vector<state::Chunk>& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

/// A few letters per job: `L0.2` loads chunk 2 of table 0, `D` derives, `C` copies.
std::string name_of(const Job& job) {
  const char* kind = job.kind == JobKind::Load ? "L" : job.kind == JobKind::Derive ? "D" : "C";
  return kind + std::to_string(job.chunk.table.value) + "." + std::to_string(job.chunk.number);
}

/// One worker does everything.
std::vector<std::string> run_alone(Schedule& schedule) {
  std::vector<std::string> names;
  while (const auto job = schedule.next()) {
    names.push_back(name_of(*job));
    schedule.done(*job);
  }
  return names;
}

/// Whether next() would have to wait now: asked on another thread, which is let go by `free`.
template <typename Free>
std::optional<Job> next_only_after(Schedule& schedule, Free free) {
  auto waiting = std::async(std::launch::async, [&] { return schedule.next(); });
  BOOST_TEST((waiting.wait_for(std::chrono::milliseconds{30}) == std::future_status::timeout));
  free();
  return waiting.get();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(schedules)

BOOST_AUTO_TEST_CASE(every_joined_table_is_loaded_before_any_row_is_derived) {
  Schedule schedule{{{TableId{0}, {}, false, true}, {TableId{1}, {}, true, true}, {TableId{2}, {}, true, false}},
                    chunks_of(0, 1) + chunks_of(1, 2) + chunks_of(2, 1)};
  BOOST_TEST((run_alone(schedule) == std::vector<std::string>{"L1.0", "L1.1", "L2.0", "D1.0", "C0.0", "D1.1"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(nothing_is_derived_while_a_chunk_is_still_being_loaded) {
  Schedule schedule{{{TableId{0}, {}, true, true}}, chunks_of(0, 1)};
  Job load = schedule.next().value();
  load.chunk.is_loaded = true;
  load.chunk.lsn = core::Lsn{77};
  const auto derive = next_only_after(schedule, [&] { schedule.done(load); });
  BOOST_REQUIRE(derive.has_value());
  BOOST_TEST(name_of(*derive) == "D0.0");
  BOOST_TEST(derive->chunk.lsn.bytes() == 77U);  // goes on with what loading found out
  BOOST_TEST(derive->chunk.is_loaded);
}

BOOST_AUTO_TEST_CASE(children_begin_when_the_last_chunk_of_their_parents_is_done) {
  Schedule schedule{{{TableId{0}, {TableId{1}}, false, true}, {TableId{1}, {}, false, true}},
                    chunks_of(0, 1) + chunks_of(1, 2)};
  const Job first = schedule.next().value();
  const Job second = schedule.next().value();
  BOOST_TEST(name_of(first) == "C1.0");
  BOOST_TEST(name_of(second) == "C1.1");
  schedule.done(second);
  const auto child = next_only_after(schedule, [&] { schedule.done(first); });
  BOOST_REQUIRE(child.has_value());
  BOOST_TEST(name_of(*child) == "C0.0");
}

BOOST_AUTO_TEST_CASE(a_table_that_refers_to_itself_goes_one_chunk_at_a_time) {
  Schedule schedule{{{TableId{0}, {TableId{0}}, false, true}}, chunks_of(0, 3)};
  const Job first = schedule.next().value();
  const auto second = next_only_after(schedule, [&] { schedule.done(first); });
  BOOST_REQUIRE(second.has_value());
  BOOST_TEST(name_of(*second) == "C0.1");
}

BOOST_AUTO_TEST_CASE(tables_in_a_circle_are_all_done_and_never_two_chunks_at_once) {
  Schedule schedule{{{TableId{0}, {TableId{1}}, false, true}, {TableId{1}, {TableId{0}}, false, true}},
                    chunks_of(0, 2) + chunks_of(1, 2)};
  std::set<std::string> names;
  std::optional<Job> job = schedule.next();
  while (names.size() < 3) {
    names.insert(name_of(*job));
    job = next_only_after(schedule, [&] { schedule.done(*job); });
    BOOST_REQUIRE(job.has_value());
  }
  names.insert(name_of(*job));
  schedule.done(*job);
  BOOST_TEST(!schedule.next().has_value());
  BOOST_TEST(names.size() == 4U);
}

BOOST_AUTO_TEST_CASE(other_tables_go_before_a_circle) {
  Schedule schedule{
      {{TableId{0}, {TableId{1}}, false, true}, {TableId{1}, {TableId{0}}, false, true}, {TableId{2}, {}, false, true}},
      chunks_of(0, 1) + chunks_of(1, 1) + chunks_of(2, 1)};
  BOOST_TEST(run_alone(schedule).front() == "C2.0");
}

// reliability 164, 174: rows of the circle come and go while any of its tables is read
BOOST_AUTO_TEST_CASE(children_of_a_circle_wait_for_all_of_it) {
  Schedule schedule{{{TableId{0}, {TableId{1}}, false, true},
                     {TableId{1}, {TableId{2}}, false, true},
                     {TableId{2}, {TableId{1}}, false, true}},
                    chunks_of(0, 3) + chunks_of(1, 1) + chunks_of(2, 2)};
  const auto names = run_alone(schedule);
  BOOST_REQUIRE(names.size() == 6U);
  for (std::size_t i = 0; i < 3; ++i) {
    BOOST_TEST(names[i].substr(0, 2) != "C0");
    BOOST_TEST(names[i + 3].substr(0, 2) == "C0");
  }
}

BOOST_AUTO_TEST_CASE(a_circle_of_three_goes_one_chunk_at_a_time) {
  Schedule schedule{{{TableId{0}, {TableId{1}}, false, true},
                     {TableId{1}, {TableId{2}}, false, true},
                     {TableId{2}, {TableId{0}}, false, true}},
                    chunks_of(0, 1) + chunks_of(1, 1) + chunks_of(2, 1)};
  const Job first = schedule.next().value();
  const auto second = next_only_after(schedule, [&] { schedule.done(first); });
  BOOST_REQUIRE(second.has_value());
}

// A table is read again whose children are finished: two of its chunks may lead to one child.
BOOST_AUTO_TEST_CASE(parents_of_finished_tables_go_one_chunk_at_a_time) {
  auto chunks = chunks_of(0, 3) + chunks_of(1, 1);
  chunks[3].is_finished = true;
  const std::vector<Schedule::Table> tables = {{TableId{0}, {}, false, true}, {TableId{1}, {TableId{0}}, false, true}};
  Schedule schedule{tables, chunks};
  const Job first = schedule.next().value();
  const auto second = next_only_after(schedule, [&] { schedule.done(first); });
  BOOST_REQUIRE(second.has_value());
  chunks[3].is_finished = false;
  Schedule in_order{tables, chunks};
  BOOST_TEST(in_order.next().has_value());
  BOOST_TEST(in_order.next().has_value());
}

BOOST_AUTO_TEST_CASE(joined_tables_that_are_loaded_again_go_one_chunk_at_a_time) {
  auto chunks = chunks_of(0, 1) + chunks_of(1, 2);
  chunks[0].is_finished = true;
  Schedule schedule{{{TableId{0}, {}, false, true}, {TableId{1}, {}, true, false}}, chunks};
  const Job first = schedule.next().value();
  const auto second = next_only_after(schedule, [&] { schedule.done(first); });
  BOOST_REQUIRE(second.has_value());
}

BOOST_AUTO_TEST_CASE(finished_chunks_are_not_done_again_and_loaded_ones_not_loaded_again) {
  auto chunks = chunks_of(0, 3);
  chunks[0].is_loaded = chunks[0].is_finished = true;
  chunks[1].is_loaded = true;
  Schedule schedule{{{TableId{0}, {}, true, true}}, chunks};
  BOOST_TEST((run_alone(schedule) == std::vector<std::string>{"L0.2", "D0.1", "D0.2"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_parent_without_chunks_holds_nobody_up) {
  Schedule schedule{{{TableId{0}, {TableId{1}, TableId{9}}, false, true}, {TableId{1}, {}, false, true}},
                    chunks_of(0, 1)};
  BOOST_TEST((run_alone(schedule) == std::vector<std::string>{"C0.0"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_failure_wakes_those_who_wait_and_ends_the_run) {
  Schedule schedule{{{TableId{0}, {TableId{0}}, false, true}}, chunks_of(0, 3)};
  const Job running = schedule.next().value();
  const auto job = next_only_after(schedule, [&] { schedule.fail(); });
  BOOST_TEST(!job.has_value());
  schedule.done(running);
  BOOST_TEST(!schedule.next().has_value());
}

BOOST_AUTO_TEST_CASE(the_larger_of_two_ready_tables_goes_first) {
  Schedule schedule{{{TableId{0}, {}, false, true}, {TableId{1}, {}, false, true}}, chunks_of(0, 1) + chunks_of(1, 3)};
  BOOST_TEST((run_alone(schedule) == std::vector<std::string>{"C1.0", "C1.1", "C0.0", "C1.2"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
