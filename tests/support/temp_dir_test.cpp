#include "tests/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>

#include "tests/support/process.hpp"

namespace fs = std::filesystem;

BOOST_AUTO_TEST_SUITE(temp_dir)

BOOST_AUTO_TEST_CASE(a_directory_goes_with_everything_in_it) {
  fs::path path;
  {
    const tests::TempDir directory("gone");
    path = directory.path();
    fs::create_directories(path / "deep" / "deeper");
    std::ofstream(path / "deep" / "file") << "text";
    BOOST_TEST(fs::exists(path / "deep" / "file"));
  }
  BOOST_TEST(!fs::exists(path));
}

BOOST_AUTO_TEST_CASE(a_directory_that_has_been_moved_from_is_left_to_its_new_owner) {
  tests::TempDir first("moved");
  const fs::path path = first.path();
  {
    const tests::TempDir second = std::move(first);
    BOOST_TEST(fs::exists(path));
  }
  BOOST_TEST(!fs::exists(path));
}

BOOST_AUTO_TEST_CASE(what_killed_tests_left_is_swept_and_what_is_kept_or_alive_is_not) {
  const tests::TempDir base("sweep");
  const fs::path dead = base.path() / "ds-999999999-source-abcdef";  // above the kernel's highest process id
  const fs::path kept = base.path() / "ds-999999999-target-abcdef";
  const fs::path alive = base.path() / "ds-1-source-abcdef";
  const fs::path foreign = base.path() / "ds-notes";
  for (const fs::path& path : {dead, kept, alive, foreign}) {
    fs::create_directories(path / "data");
  }
  std::ofstream(kept / "keep-me").flush();
  // Sweeping is done once in a process, so another one must do it here.
  tests::run({.program = fs::read_symlink("/proc/self/exe"),
              .args = {"--run_test=temp_dir/a_directory_goes_with_everything_in_it"},
              .environment = {{"TMPDIR", base.path().string()}}});
  BOOST_TEST(!fs::exists(dead));
  BOOST_TEST(fs::exists(kept));
  BOOST_TEST(fs::exists(alive));
  BOOST_TEST(fs::exists(foreign));
}

BOOST_AUTO_TEST_SUITE_END()
