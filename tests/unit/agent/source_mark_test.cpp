#include "agent/source_mark.hpp"

#include <boost/test/unit_test.hpp>

#include "core/error.hpp"

namespace {

replication::Publication publication() {
  replication::Publication found;
  found.name = "p";
  found.oid = 20;
  found.version = 800;
  found.publishes_insert = found.publishes_update = found.publishes_delete = found.publishes_truncate = true;
  found.is_via_partition_root = true;
  for (const char* table : {"a", "b"}) {
    found.tables.push_back({{"public", table}});
    found.entries[{"public", table}] = table[0];
  }
  found.comment = "dispatch-sync mark 7: more";
  return found;
}

const agent::SourceMark kMark{.number = 7, .publication = 20, .version = 800, .entries = {{"a", 'a'}, {"b", 'b'}}};
const std::set<core::QualifiedName> kWanted{{"public", "a"}, {"public", "b"}};

bool is_refused(const std::optional<replication::Publication>& found, const agent::SourceMark& mark) {
  agent::Config::Source config;
  config.slot = "s";
  config.publication = "p";
  try {
    agent::require_same_publication(found, mark, config);
    return false;
  } catch (const core::Error& error) {
    BOOST_TEST((error.kind() == core::ErrorKind::Refused));
    BOOST_TEST(!error.remedy().empty());
    return true;
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(source_mark)

BOOST_AUTO_TEST_CASE(a_mark_is_read_as_it_was_written_and_none_is_no_mark) {
  const agent::SourceMark read = agent::decode_source_mark(agent::encode(kMark));
  BOOST_TEST(read.number == 7U);
  BOOST_TEST(read.publication == 20U);
  BOOST_TEST(read.version == 800U);
  BOOST_TEST((read.entries == kMark.entries));
  BOOST_TEST(agent::decode_source_mark("").number == 0U);
  BOOST_CHECK_THROW(agent::decode_source_mark("[1"), core::Error);
}

BOOST_AUTO_TEST_CASE(only_a_comment_of_ours_has_a_number) {
  BOOST_TEST(agent::marked_number("dispatch-sync mark 12: more") == 12U);
  BOOST_TEST(agent::marked_number("") == 0U);
  BOOST_TEST(agent::marked_number("mine 12") == 0U);
}

BOOST_AUTO_TEST_CASE(
    a_publication_that_is_gone_or_another_one_or_older_than_the_mark_is_refused) {  // reliability 33, 46
  BOOST_TEST(!is_refused(publication(), kMark));
  BOOST_TEST(is_refused(std::nullopt, kMark));
  agent::SourceMark other = kMark;
  other.publication = 21;
  BOOST_TEST(is_refused(publication(), other));
  agent::SourceMark later = kMark;
  later.number = 8;
  BOOST_TEST(is_refused(publication(), later));
  agent::SourceMark earlier = kMark;  // a crash between source and target
  earlier.number = 6;
  BOOST_TEST(!is_refused(publication(), earlier));
  BOOST_TEST(!is_refused(publication(), {}));
}

BOOST_AUTO_TEST_CASE(tables_that_were_out_of_the_publication_for_a_while_have_gaps) {  // reliability 47, 137
  BOOST_TEST(agent::tables_with_gaps(publication(), kMark, kWanted).empty());
  auto put_in_again = publication();
  put_in_again.entries[{"public", "a"}] = 99;
  BOOST_TEST((agent::tables_with_gaps(put_in_again, kMark, kWanted) == std::set<core::QualifiedName>{{"public", "a"}}));
  auto without = publication();
  without.tables.pop_back();
  without.entries.erase({"public", "b"});
  BOOST_TEST((agent::tables_with_gaps(without, kMark, kWanted) == std::set<core::QualifiedName>{{"public", "b"}}));
  auto without_deletes = publication();
  without_deletes.publishes_delete = false;
  BOOST_TEST((agent::tables_with_gaps(without_deletes, kMark, kWanted) == kWanted));
  auto changed_and_changed_back = publication();
  changed_and_changed_back.version = 801;
  BOOST_TEST((agent::tables_with_gaps(changed_and_changed_back, kMark, kWanted) == kWanted));
  agent::SourceMark of_an_earlier_agent = kMark;
  of_an_earlier_agent.version = 0;
  BOOST_TEST(agent::tables_with_gaps(changed_and_changed_back, of_an_earlier_agent, kWanted).empty());
}

// reliability 137
BOOST_AUTO_TEST_CASE(tables_whose_schema_was_out_of_the_publication_for_a_while_have_gaps) {
  auto whole_schema = publication();
  whole_schema.tables.clear();
  whole_schema.entries.clear();
  whole_schema.schemas = {"public"};
  whole_schema.schema_entries = {{"public", 5}};
  agent::SourceMark mark = kMark;
  mark.entries.clear();
  mark.schemas = {{"public", 5}};
  BOOST_TEST((agent::decode_source_mark(agent::encode(mark)).schemas == mark.schemas));
  BOOST_TEST(agent::tables_with_gaps(whole_schema, mark, kWanted).empty());
  auto put_in_again = whole_schema;
  put_in_again.schema_entries["public"] = 6;
  BOOST_TEST((agent::tables_with_gaps(put_in_again, mark, kWanted) == kWanted));
  BOOST_TEST((agent::tables_with_gaps(publication(), mark, kWanted) == kWanted));
  mark.schemas.clear();  // of an earlier agent
  BOOST_TEST(agent::tables_with_gaps(put_in_again, mark, kWanted).empty());
}

BOOST_AUTO_TEST_SUITE_END()
