// What a line of the log looks like for each of its readers, and where the lines go.
#include <spdlog/details/log_msg.h>
#include <spdlog/spdlog.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "agent/log.hpp"
#include "agent/log_line.hpp"
#include "core/error.hpp"
#include "core/thread_name.hpp"
#include "tests/support/temp_dir.hpp"

using agent::LogForm;
using agent::LogReader;

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr auto kTime = std::chrono::milliseconds(1'772'398'800'123);  // 2026-03-01T21:00:00.123Z

std::string written(std::string_view message, LogForm form, LogReader reader,
                    spdlog::level::level_enum level = spdlog::level::warn) {
  spdlog::details::log_msg line("agent", level, spdlog::string_view_t(message.data(), message.size()));
  line.time = spdlog::log_clock::time_point(kTime);
  spdlog::memory_buf_t out;
  agent::log_formatter(form, reader)->format(line, out);
  return {out.data(), out.size()};
}

Json fields(std::string_view message) { return Json::parse(written(message, LogForm::Json, LogReader::Anybody)); }

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(log_lines)

BOOST_AUTO_TEST_CASE(a_json_line_says_when_how_bad_and_who) {
  core::name_thread("receiver");
  BOOST_TEST(written("streaming slot=s", LogForm::Json, LogReader::Anybody, spdlog::level::info) ==
             "{\"time\":\"2026-03-01T21:00:00.123Z\",\"level\":\"info\",\"component\":\"receiver\",\"message\":"
             "\"streaming slot=s\"}\n");
  core::name_thread("main");
  BOOST_TEST(fields("m").at("component") == "main");
}

BOOST_AUTO_TEST_CASE(the_category_is_that_of_the_error_that_the_line_tells_of) {
  BOOST_TEST(fields("the stream broke: the source says: ended (SQLSTATE 57P01) x=1").at("category") == "connection");
  BOOST_TEST(fields("no (SQLSTATE 23505)").at("category") == "constraint");
  BOOST_TEST(fields("no (SQLSTATE 42501)").at("category") == "permission");
  BOOST_TEST(fields("again: the connection to the target is lost: it was closed server=h").at("category") ==
             "connection");
  BOOST_TEST(fields("again: cannot connect to the source h: Connection refused").at("category") == "connection");
  BOOST_TEST(!fields("the agent has caught up").contains("category"));
}

BOOST_AUTO_TEST_CASE(the_route_is_lifted_out_of_the_message) {
  BOOST_TEST(fields("rows were not on the target route=orders rows=3").at("route") == "orders");
  BOOST_TEST(fields("refused route=two words rows=3").at("route") == "two words");
  BOOST_TEST(fields("refused route=two words: because").at("route") == "two words");
  BOOST_TEST(fields("refused route=orders; correct it").at("route") == "orders");
  BOOST_TEST(fields("refused table=t route=orders").at("route") == "orders");
  BOOST_TEST(!fields("nothing of the kind").contains("route"));
}

BOOST_AUTO_TEST_CASE(every_form_hides_passwords_and_bears_any_bytes) {
  for (const LogForm form : {LogForm::Text, LogForm::Json}) {
    for (const LogReader reader : {LogReader::Anybody, LogReader::Journal}) {
      const std::string line = written("cannot use postgresql://u:secret@h/d and password=secret", form, reader);
      BOOST_TEST(line.find("secret") == std::string::npos);
      BOOST_TEST(line.find("postgresql://u:***@h/d") != std::string::npos);
      BOOST_TEST(written("\xff", form, reader).ends_with('\n'));
    }
  }
}

BOOST_AUTO_TEST_CASE(people_read_time_level_and_who_before_the_message) {
  BOOST_TEST(written("the stream broke attempt=2", LogForm::Text, LogReader::Anybody) ==
             "2026-03-01T21:00:00.123Z warning main: the stream broke attempt=2\n");
}

BOOST_AUTO_TEST_CASE(the_journal_gets_a_priority_before_each_line_and_no_time) {
  const auto of = [](spdlog::level::level_enum level) {
    return written("m", LogForm::Text, LogReader::Journal, level);
  };
  BOOST_TEST(of(spdlog::level::err) == "<3>main: m\n");
  BOOST_TEST(of(spdlog::level::warn) == "<4>main: m\n");
  BOOST_TEST(of(spdlog::level::info) == "<6>main: m\n");
  BOOST_TEST(of(spdlog::level::debug) == "<7>main: m\n");
  BOOST_TEST(written("one\ntwo", LogForm::Text, LogReader::Journal) == "<4>main: one\n<4>two\n");
  BOOST_TEST(written("m", LogForm::Json, LogReader::Journal).starts_with("<4>{\"time\":"));
  BOOST_TEST(agent::with_priority("agent: no\n  remedy: yes\n", spdlog::level::err) ==
             "<3>agent: no\n<3>  remedy: yes\n");
}

BOOST_AUTO_TEST_CASE(the_files_hold_every_line_as_json_and_never_grow_beyond_their_bound) {
  const tests::TempDir directory("log");
  const auto before = spdlog::default_logger();
  agent::Config::Log config;
  config.dir = directory.path() / "new" / "log";
  config.level = agent::Config::Log::Level::Error;  // what comes before stays out, of both
  agent::start_logging(config, agent::LogTo::StderrAndFiles);
  spdlog::info("not asked for");
  // The last word of a program goes to the files, too, with its remedy.
  agent::print_error(core::Error(core::ErrorKind::Target, "refused").sqlstate("28P01").remedy("give the right one"));
  const Json line = Json::parse(text_of(config.dir / "agent.log"));
  BOOST_TEST(line.at("level") == "error");
  BOOST_TEST(line.at("category") == "permission");
  BOOST_TEST(line.at("message") == "refused (SQLSTATE 28P01); give the right one");

  const auto files = spdlog::get("files");
  BOOST_REQUIRE(files != nullptr);
  const std::string long_message(1'000'000, 'x');
  for (int i = 0; i < 75; ++i) files->error("{} n={}", long_message, i);
  files->flush();
  std::uintmax_t count = 0;
  for (const auto& entry : fs::directory_iterator(config.dir)) {
    ++count;
    BOOST_TEST(entry.file_size() <= 10U << 20U);
  }
  BOOST_TEST(count == 6);  // agent.log and five before it
  const std::string newest = text_of(config.dir / "agent.log");
  BOOST_TEST(newest.find("n=74") != std::string::npos);
  spdlog::drop("files");
  spdlog::set_default_logger(before);
}

BOOST_AUTO_TEST_CASE(a_directory_that_cannot_be_written_is_an_error_of_the_configuration) {
  const tests::TempDir directory("log");
  std::ofstream(directory.path() / "file") << "no directory";
  agent::Config::Log config;
  config.dir = directory.path() / "file" / "log";
  BOOST_CHECK_EXCEPTION(agent::start_logging(config, agent::LogTo::StderrAndFiles), core::Error,
                        [](const core::Error& error) { return error.kind() == core::ErrorKind::Config; });
}

BOOST_AUTO_TEST_SUITE_END()
