#include "replication/start_command.hpp"

#include <boost/test/unit_test.hpp>

using replication::start_command;

BOOST_AUTO_TEST_SUITE(start_of_stream)

BOOST_AUTO_TEST_CASE(old_servers_are_asked_for_protocol_1) {
  for (const int version : {100023, 110022, 120022, 130018}) {
    BOOST_TEST(start_command({version}, "s", core::Lsn{0x1600000001}, "p", true) ==
               "START_REPLICATION SLOT \"s\" LOGICAL 16/1 (proto_version '1', publication_names '\"p\"')");
  }
}

BOOST_AUTO_TEST_CASE(servers_from_14_on_stream_large_transactions_and_send_messages) {
  for (const int version : {140000, 150018, 160004, 170000, 180000}) {
    BOOST_TEST(
        start_command({version}, "s", core::Lsn{1}, "p", true) ==
        "START_REPLICATION SLOT \"s\" LOGICAL 0/1 (proto_version '2', publication_names '\"p\"', streaming 'on', "
        "messages 'true')");
  }
}

BOOST_AUTO_TEST_CASE(streaming_before_the_commit_is_left_out_where_it_is_not_wanted) {
  BOOST_TEST(
      start_command({170000}, "s", core::Lsn{1}, "p", false) ==
      "START_REPLICATION SLOT \"s\" LOGICAL 0/1 (proto_version '2', publication_names '\"p\"', messages 'true')");
}

BOOST_AUTO_TEST_CASE(names_are_quoted_as_identifiers_and_then_as_a_literal) {
  const std::string command = start_command({130000}, "sl\"ot", core::Lsn{1}, "it's \"odd\"", true);
  BOOST_TEST(command.find("SLOT \"sl\"\"ot\" LOGICAL") != std::string::npos);
  BOOST_TEST(command.find("publication_names '\"it''s \"\"odd\"\"\"'") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
