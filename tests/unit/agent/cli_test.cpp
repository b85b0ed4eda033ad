#include "agent/cli.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "agent/exit_code.hpp"
#include "core/error.hpp"

namespace {

agent::Invocation parse(std::vector<const char*> words) {
  words.insert(words.begin(), "agent");
  return agent::parse_command_line(static_cast<int>(words.size()), words.data());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cli)

BOOST_AUTO_TEST_CASE(common_options_stand_before_or_after_the_command) {
  for (const std::vector<const char*>& words :
       {std::vector<const char*>{"--config", "a.yaml", "--json", "status", "--watch"},
        {"status", "--watch", "--json", "--config", "a.yaml"}}) {
    const agent::Invocation invocation = parse(words);
    BOOST_TEST(invocation.command->name == "status");
    BOOST_TEST(invocation.options.config_file == "a.yaml");
    BOOST_TEST(invocation.options.as_json);
    BOOST_TEST(invocation.options.status.watch);
  }
}

BOOST_AUTO_TEST_CASE(actions_take_their_keys_and_routes) {
  const agent::Options options =
      parse({"quarantine", "discard", "4711", "4712", "--route", "orders", "--reason", "known bad"}).options;
  BOOST_TEST((options.quarantine.action == agent::Options::Quarantine::Action::Discard));
  BOOST_TEST(options.quarantine.keys.size() == 2U);
  BOOST_TEST(options.quarantine.route == "orders");
  BOOST_TEST(options.quarantine.reason == "known bad");
  const agent::Options lookup = parse({"mapping", "lookup", "order", "4711"}).options;
  BOOST_TEST((lookup.mapping.action == agent::Options::Mapping::Action::Lookup));
  BOOST_TEST(lookup.mapping.entity == "order");
  BOOST_TEST(lookup.mapping.key == "4711");
}

BOOST_AUTO_TEST_CASE(wrong_usage_is_an_error_of_usage) {
  for (const std::vector<const char*>& words : {std::vector<const char*>{},
                                                {"nonsense"},
                                                {"status", "--nonsense"},
                                                {"quarantine"},
                                                {"quarantine", "show"},
                                                {"quarantine", "discard", "1"},
                                                {"mapping", "lookup", "order"},
                                                {"check", "extra"},
                                                {"check", "--log-level", "loud"}}) {
    BOOST_CHECK_EXCEPTION(parse(words), core::Error,
                          [](const core::Error& error) { return error.kind() == core::ErrorKind::Usage; });
  }
  BOOST_CHECK_EXCEPTION(parse({"stauts"}), core::Error, [](const core::Error& error) {
    return error.remedy().find("\"status\"") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(the_exit_code_is_a_function_of_the_kind) {
  using core::ErrorKind;
  constexpr std::array<std::pair<ErrorKind, int>, 11> kExpected{{{ErrorKind::Usage, 2},
                                                                 {ErrorKind::Config, 2},
                                                                 {ErrorKind::Mapping, 2},
                                                                 {ErrorKind::Source, 3},
                                                                 {ErrorKind::Protocol, 3},
                                                                 {ErrorKind::Target, 4},
                                                                 {ErrorKind::InDoubt, 4},
                                                                 {ErrorKind::State, 5},
                                                                 {ErrorKind::Data, 6},
                                                                 {ErrorKind::Refused, 6},
                                                                 {ErrorKind::Bug, 6}}};
  for (const auto& [kind, code] : kExpected) BOOST_TEST(agent::to_int(agent::exit_code(kind)) == code);
}

BOOST_AUTO_TEST_SUITE_END()
