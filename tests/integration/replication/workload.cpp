#include "tests/integration/replication/workload.hpp"

#include <fmt/format.h>

namespace tests {

namespace {

constexpr const char* kOrdinaryTables = R"sql(
create table plain (id integer primary key, note text, number numeric);
create table toasted (id integer primary key, note text, big text);
alter table toasted alter column big set storage external;
create table whole (id integer, note text, big text);
alter table whole replica identity full;
alter table whole alter column big set storage external;
create table by_index (id integer primary key, code integer not null unique, note text);
alter table by_index replica identity using index by_index_code_key;
)sql";

constexpr const char* kPartitionedTable = R"sql(
create table parted (id integer primary key, note text) partition by range (id);
create table parted_low partition of parted for values from (minvalue) to (5000);
create table parted_high partition of parted for values from (5000) to (maxvalue);
)sql";

}  // namespace

std::string workload_schema(int server_version) {
  constexpr int kPublishesPartitioned = 13;
  return std::string{kOrdinaryTables} + (server_version >= kPublishesPartitioned
                                             ? kPartitionedTable
                                             : "create table parted (id integer primary key, note text)");
}

const char* const kWorkloadTables[5] = {"plain", "toasted", "whole", "by_index", "parted"};

namespace {

std::string random_statement(std::mt19937_64& random, int session) {
  const auto dice = [&](int sides) { return static_cast<int>(random() % static_cast<unsigned>(sides)); };
  // Sessions work on ids that leave the remainder `session` when divided by ten, so that they never wait for each other.
  const int id = dice(60) * 10 + session;
  switch (dice(16)) {
    case 0:
    case 1:
      return fmt::format(
          "insert into plain values ({0}, 'n{1}', {1}.50) on conflict (id) do update set note = excluded.note", id,
          dice(1000));
    case 2: return fmt::format("update plain set number = number + 1, note = nullif(note, 'n5') where id = {}", id);
    case 3:
      return fmt::format(
          "update plain set id = id + 1000 where id = {0} and not exists (select from plain where id = {0} + 1000)",
          id);
    case 4: return fmt::format("delete from plain where id in ({0}, {0} + 1000)", id);
    case 5:
    case 6:
      return fmt::format(
          "insert into toasted values ({0}, 'a', repeat('{1}', 4000)) on conflict (id) do update set big = "
          "excluded.big",
          id, dice(10));
    case 7: return fmt::format("update toasted set note = 'm{1}' where id = {0}", id, dice(1000));
    case 8: return fmt::format("delete from toasted where id = {}", id);
    case 9:
      return fmt::format("insert into whole values ({0}, 'w{1}', repeat('{2}', 3000)), ({0}, null, null)", id,
                         dice(100), dice(10));
    case 10: return fmt::format("update whole set note = 'x{1}' where id = {0}", id, dice(100));
    case 11: return fmt::format("delete from whole where id = {}", id);
    case 12:
      return fmt::format(
          "insert into by_index values ({0}, {0}, 'i{1}') on conflict do nothing; update by_index set note = 'j{1}' "
          "where code = {0}",
          id, dice(100));
    case 13:
      return fmt::format(
          "update by_index set code = code + 1000 where code = {0} and not exists (select from by_index where code = "
          "{0} + 1000)",
          id);
    case 14:
      return fmt::format(
          "insert into parted values ({0}, 'p{1}') on conflict (id) do nothing; update parted set id = id + 10000 "
          "where id = {0} and "
          "{1} < 50 and not exists (select from parted where id = {0} + 10000)",
          id, dice(100));
    default:
      return fmt::format("delete from parted where id in ({0}, {0} + 10000); delete from by_index where code = {0}",
                         id);
  }
}

}  // namespace

std::string random_transaction(std::mt19937_64& random, int session) {
  const auto dice = [&](int sides) { return static_cast<int>(random() % static_cast<unsigned>(sides)); };
  std::string sql = "begin;";
  const int statements = 1 + dice(8);
  for (int statement = 0; statement < statements; ++statement) {
    const int kind = dice(10);
    if (kind == 0) {
      sql += fmt::format("savepoint s; {}; {}; rollback to s;", random_statement(random, session),
                         random_statement(random, session));
    } else if (kind == 1) {
      sql += fmt::format("savepoint s; {}; savepoint s; {}; release s;", random_statement(random, session),
                         random_statement(random, session));
    } else {
      sql += random_statement(random, session) + ";";
    }
  }
  if (dice(12) == 0) {
    // Enough to be streamed where logical_decoding_work_mem is small, with a savepoint that falls.
    const int base = 100'000 + session * 10'000;
    sql += fmt::format(
        "delete from plain where id between {0} and {0} + 5000; insert into plain select n, repeat('l', 100), n from "
        "generate_series({0}, {0} + 700) n; savepoint l; insert into plain select n, repeat('g', 100), n from "
        "generate_series({0} + 1000, {0} + 1700) n; {1} l; insert into plain select n, repeat('l', 100), n from "
        "generate_series({0} + 2000, {0} + 2100) n;",
        base, dice(2) == 0 ? "rollback to" : "release");
  }
  sql += dice(10) == 0 ? "rollback" : "commit";
  return sql;
}

}  // namespace tests
