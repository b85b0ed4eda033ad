#include "replication/decoder.hpp"

#include <set>
#include <string>

#include "pg/wire_time.hpp"
#include "tests/unit/replication/expect_error.hpp"
#include "tests/unit/replication/fixture.hpp"
#include "tests/unit/replication/wire.hpp"

using replication::decode;
using replication::Framing;

namespace {

/// Every message of every fixture.
std::vector<fixture::Payload> all_fixtures() {
  std::vector<fixture::Payload> payloads;
  for (const std::string& name : fixture::names()) {
    for (fixture::Payload& payload : fixture::load(name)) payloads.push_back(std::move(payload));
  }
  return payloads;
}

template <typename Kind>
Kind decode_as(const std::string& payload, Framing framing = Framing::Plain) {
  replication::Message message = decode(payload, framing);
  BOOST_REQUIRE(std::holds_alternative<Kind>(message));
  return std::get<Kind>(std::move(message));
}

std::string text(const core::Row& row, std::size_t column) { return std::string{row[column].text}; }

}  // namespace

BOOST_AUTO_TEST_SUITE(decoder)

BOOST_AUTO_TEST_CASE(fixtures_hold_every_message_type) {  // reliability 142
  std::set<char> types;
  for (const fixture::Payload& payload : all_fixtures()) {
    BOOST_CHECK_NO_THROW(static_cast<void>(decode(payload.bytes, payload.framing)));
    types.insert(payload.bytes.front());
  }
  const std::string found(types.begin(), types.end());
  BOOST_TEST(found == "ABCDEIKMOPRSTUYbcpr");
}

BOOST_AUTO_TEST_CASE(a_message_cut_off_at_any_byte_is_an_error) {  // reliability 142
  for (const fixture::Payload& payload : all_fixtures()) {
    // Long values are cut within their first bytes and their last; what lies between is the same check.
    for (std::size_t length = 0; length < payload.bytes.size(); ++length) {
      if (length > 200 && length + 200 < payload.bytes.size()) continue;
      EXPECT_ERROR(decode(std::string_view{payload.bytes}.substr(0, length), payload.framing), Protocol);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_byte_too_many_is_an_error) {  // reliability 142
  for (const fixture::Payload& payload : all_fixtures()) {
    EXPECT_ERROR(decode(payload.bytes + '\0', payload.framing), Protocol);
  }
}

BOOST_AUTO_TEST_CASE(an_unknown_type_is_an_error) {  // reliability 142
  const std::string known = "ABCDEIKMOPRSTUYbcpr";
  for (int type = 0; type < 256; ++type) {
    const auto byte = static_cast<char>(type);
    if (known.find(byte) != std::string::npos) continue;
    EXPECT_ERROR(decode(std::string(1, byte) + std::string(64, '\1'), Framing::Plain), Protocol);
  }
}

BOOST_AUTO_TEST_CASE(begin_and_commit_carry_positions_and_time) {
  const std::string bytes = wire::Bytes{'B'}.u64(0x1234).u64(1'000'000).u32(77);
  const auto begin = decode_as<replication::Begin>(bytes);
  BOOST_TEST(begin.final_lsn.lsn.to_string() == "0/1234");
  BOOST_CHECK(begin.commit_time == pg::from_wire_time(1'000'000));
  BOOST_TEST(begin.xid == 77U);

  const auto commit = decode_as<replication::Commit>(wire::commit(0x1234, 0x1300));
  BOOST_TEST(commit.commit_lsn.lsn.bytes() == 0x1234U);
  BOOST_TEST(commit.end_lsn.lsn.bytes() == 0x1300U);
}

BOOST_AUTO_TEST_CASE(null_unchanged_and_empty_text_are_three_things) {
  const auto update = decode_as<replication::UpdateRow>(wire::update(9, {"1", wire::kNull, wire::kUnchanged, ""}));
  BOOST_TEST(!update.old.has_value());
  BOOST_TEST(update.row.size() == 4U);
  BOOST_TEST(text(update.row, 0) == "1");
  BOOST_TEST(update.row[1].is_null());
  BOOST_TEST(update.row[2].is_unchanged());
  BOOST_TEST(update.row[3].is_text());
  BOOST_TEST(update.row[3].text.empty());
}

BOOST_AUTO_TEST_CASE(text_keeps_zero_bytes_and_does_not_need_one) {
  using namespace std::string_literals;
  const auto insert = decode_as<replication::InsertRow>(wire::insert(9, {"a\0b"s, "c"}));
  BOOST_TEST(text(insert.row, 0) == "a\0b"s);
  BOOST_TEST(text(insert.row, 1) == "c");
}

BOOST_AUTO_TEST_CASE(old_rows_say_whether_they_are_key_or_whole) {  // reliability 143
  const auto key =
      decode_as<replication::UpdateRow>(wire::update(9, 'K', {"1", wire::kNull}, {wire::kUnchanged, "new"}));
  BOOST_REQUIRE(key.old.has_value());
  BOOST_CHECK(key.old->extent == core::OldRow::Extent::Key);
  BOOST_TEST(text(key.old->row, 0) == "1");
  BOOST_TEST(key.row[0].is_unchanged());

  const auto whole = decode_as<replication::UpdateRow>(wire::update(9, 'O', {"1", "old"}, {"1", wire::kUnchanged}));
  BOOST_REQUIRE(whole.old.has_value());
  BOOST_CHECK(whole.old->extent == core::OldRow::Extent::Full);
  BOOST_TEST(text(whole.old->row, 1) == "old");

  const auto removed = decode_as<replication::DeleteRow>(wire::remove(9, 'O', {"1", "old"}));
  BOOST_CHECK(removed.old.extent == core::OldRow::Extent::Full);
  EXPECT_ERROR(decode(wire::remove(9, 'N', {"1"}), Framing::Plain), Protocol);
}

BOOST_AUTO_TEST_CASE(an_insert_may_hold_unchanged_values) {  // reliability 143: a row filter turned an UPDATE into it
  const auto insert = decode_as<replication::InsertRow>(wire::insert(9, {"1", wire::kUnchanged}));
  BOOST_TEST(insert.row[1].is_unchanged());
}

BOOST_AUTO_TEST_CASE(binary_values_are_refused) {
  wire::Field binary{'b'};
  binary.text = "\1\2";
  EXPECT_ERROR(decode(wire::insert(9, {binary}), Framing::Plain), Protocol);
}

BOOST_AUTO_TEST_CASE(a_length_beyond_the_message_is_an_error_before_memory_is_taken) {
  EXPECT_ERROR(decode(wire::Bytes{'I'}.u32(9).u8('N').u16(1).u8('t').u32(0xFFFFFFFF).raw("x"), Framing::Plain),
               Protocol);
  EXPECT_ERROR(decode(wire::Bytes{'I'}.u32(9).u8('N').u16(0xFFFF).u8('n'), Framing::Plain), Protocol);
  EXPECT_ERROR(decode(wire::Bytes{'T'}.u32(0xFFFFFFFF).u8(0).u32(1), Framing::Plain), Protocol);
  EXPECT_ERROR(decode(wire::Bytes{'M'}.u8(1).u64(1).text("p").u32(0xFFFFFFFF).raw("x"), Framing::Plain), Protocol);
}

BOOST_AUTO_TEST_CASE(a_relation_lists_its_columns) {
  const std::string bytes = wire::Bytes{'R'}
                                .u32(42)
                                .text("")
                                .text("Odd \"name\"")
                                .u8('i')
                                .u16(2)
                                .u8(0)
                                .text("a")
                                .u32(23)
                                .u32(0xFFFFFFFF)
                                .u8(1)
                                .text("B")
                                .u32(1043)
                                .u32(104);
  const core::Relation relation = decode_as<replication::RelationDefinition>(bytes).relation;
  BOOST_TEST(relation.oid.value == 42U);
  BOOST_TEST(relation.name.schema == "pg_catalog");
  BOOST_TEST(relation.name.name == "Odd \"name\"");
  BOOST_CHECK(relation.identity == core::ReplicaIdentity::Index);
  BOOST_REQUIRE(relation.columns.size() == 2U);
  BOOST_TEST(!relation.columns[0].is_key);
  BOOST_TEST(relation.columns[1].is_key);
  BOOST_TEST(relation.columns[1].type.value == 1043U);
  BOOST_TEST(relation.columns[1].type_modifier == 104);
}

BOOST_AUTO_TEST_CASE(a_domain_is_named_after_its_base_type) {  // reliability 143
  bool is_seen = false;
  for (const fixture::Payload& payload : fixture::load("ordinary")) {
    if (payload.bytes.front() != 'Y') continue;
    const auto type = decode_as<replication::TypeDefinition>(payload.bytes);
    if (type.name.name == "int4") {
      BOOST_TEST(type.name.schema == "pg_catalog");
      BOOST_TEST(type.oid.value >= 10000U);
      is_seen = true;
    }
  }
  BOOST_TEST(is_seen);
}

BOOST_AUTO_TEST_CASE(truncate_names_all_relations_and_both_flags) {  // reliability 144
  const auto both = decode_as<replication::TruncateTables>(wire::truncate({7, 8, 9}, 3));
  BOOST_TEST(both.relations.size() == 3U);
  BOOST_TEST(both.cascade);
  BOOST_TEST(both.restart_identity);
  const auto restart = decode_as<replication::TruncateTables>(wire::truncate({7}, 2));
  BOOST_TEST(!restart.cascade);
  EXPECT_ERROR(decode(wire::truncate({7}, 4), Framing::Plain), Protocol);
}

BOOST_AUTO_TEST_CASE(messages_in_a_block_carry_their_subtransaction) {
  BOOST_TEST(decode_as<replication::InsertRow>(wire::insert(9, {"1"}, 701), Framing::InBlock).xid == 701U);
  BOOST_TEST(decode_as<replication::LogicalMessage>(wire::message(true, "hi", 702), Framing::InBlock).xid == 702U);
  BOOST_TEST(replication::block_xid(wire::truncate({9}, 0, 703)) == 703U);
  // The same bytes without the block are another message, or none.
  EXPECT_ERROR(decode(wire::insert(9, {"1"}, 701), Framing::Plain), Protocol);
}

BOOST_AUTO_TEST_CASE(flags_that_are_not_defined_are_errors) {
  EXPECT_ERROR(decode(wire::Bytes{'C'}.u8(1).u64(1).u64(2).u64(0), Framing::Plain), Protocol);
  EXPECT_ERROR(decode(wire::Bytes{'S'}.u32(1).u8(2), Framing::Plain), Protocol);
  EXPECT_ERROR(decode(wire::Bytes{'M'}.u8(2).u64(1).text("p").u32(0), Framing::Plain), Protocol);
  EXPECT_ERROR(decode(wire::Bytes{'R'}.u32(1).text("s").text("r").u8('x').u16(0), Framing::Plain), Protocol);
  EXPECT_ERROR(
      decode(wire::Bytes{'R'}.u32(1).text("s").text("r").u8('d').u16(1).u8(2).text("c").u32(1).u32(1), Framing::Plain),
      Protocol);
  EXPECT_ERROR(decode(wire::begin(1, 0), Framing::Plain), Protocol);
}

BOOST_AUTO_TEST_SUITE_END()
