#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "agent/report_file.hpp"
#include "core/error.hpp"
#include "tests/support/temp_dir.hpp"

BOOST_AUTO_TEST_SUITE(report_file)

namespace {

namespace fs = std::filesystem;

std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>{in}, {}};
}

bool is_usage(const core::Error& error) { return error.kind() == core::ErrorKind::Usage && !error.remedy().empty(); }

}  // namespace

BOOST_AUTO_TEST_CASE(a_report_replaces_that_of_before_when_it_is_whole_and_not_sooner) {
  const tests::TempDir dir;
  const auto path = dir.path() / "report.html";
  std::ofstream(path) << "of before";
  { const agent::ReportFile given_up{path}; }
  BOOST_TEST(text_of(path) == "of before");
  {
    agent::ReportFile file{path};
    BOOST_TEST(text_of(path) == "of before");
    file.write("now");
  }
  BOOST_TEST(text_of(path) == "now");
  BOOST_TEST(std::distance(std::filesystem::directory_iterator{dir.path()}, {}) == 1);
}

BOOST_AUTO_TEST_CASE(that_a_report_cannot_be_written_is_known_before_it_is_made) {
  const tests::TempDir dir;
  BOOST_CHECK_EXCEPTION(agent::ReportFile{dir.path() / "no" / "folder.html"}, core::Error, is_usage);
  BOOST_CHECK_EXCEPTION(agent::ReportFile{dir.path()}, core::Error, is_usage);
  BOOST_CHECK_EXCEPTION(agent::ReportFile{""}, core::Error, is_usage);
  fs::create_symlink("circle", dir.path() / "circle");
  BOOST_CHECK_EXCEPTION(agent::ReportFile{dir.path() / "circle"}, core::Error, is_usage);
}

BOOST_AUTO_TEST_CASE(a_report_into_the_file_of_stdout_stands_between_what_else_is_printed) {
  const tests::TempDir dir;
  const fs::path path = dir.path() / "out";
  std::cout.flush();
  const int before = dup(STDOUT_FILENO);
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  BOOST_REQUIRE(dup2(file, STDOUT_FILENO) == STDOUT_FILENO);
  std::cout << "first\n";
  agent::ReportFile{path}.write("the report\n");
  std::cout << "last\n" << std::flush;
  dup2(before, STDOUT_FILENO);
  close(before);
  close(file);
  BOOST_TEST(text_of(path) == "first\nthe report\nlast\n");
}

BOOST_AUTO_TEST_CASE(a_link_stays_and_what_it_leads_to_is_the_report) {
  const tests::TempDir dir;
  fs::create_directory(dir.path() / "web");
  const fs::path file = dir.path() / "web" / "report.html";
  const fs::path link = dir.path() / "link.html";
  fs::create_symlink("web/report.html", link);
  for (const char* const text : {"there was none", "there was one"}) {
    agent::ReportFile{link}.write(text);
    BOOST_TEST(fs::is_symlink(link));
    BOOST_TEST(fs::is_regular_file(fs::symlink_status(file)));
    BOOST_TEST(text_of(file) == text);
  }
  BOOST_TEST(std::distance(fs::directory_iterator{dir.path() / "web"}, {}) == 1);
}

BOOST_AUTO_TEST_CASE(a_pipe_is_written_into_and_stays) {
  const tests::TempDir dir;
  const fs::path pipe = dir.path() / "pipe";
  BOOST_REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  // Both ends, so that neither waits for the other.
  const int reader = open(pipe.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  BOOST_REQUIRE(reader >= 0);
  { const agent::ReportFile given_up{pipe}; }
  BOOST_TEST(fs::is_fifo(pipe));
  agent::ReportFile{pipe}.write("through");
  std::string text(100, ' ');
  const ssize_t size = read(reader, text.data(), text.size());
  close(reader);
  BOOST_REQUIRE(size > 0);
  BOOST_TEST(text.substr(0, static_cast<std::size_t>(size)) == "through");
  BOOST_TEST(fs::is_fifo(pipe));
  BOOST_TEST(std::distance(fs::directory_iterator{dir.path()}, {}) == 1);
}

BOOST_AUTO_TEST_SUITE_END()
