#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iterator>

#include "core/error.hpp"
#include "state/fingerprint.hpp"
#include "tests/unit/state/fixture.hpp"

namespace state {

using namespace tests;

namespace {

namespace fs = std::filesystem;

struct FilledStore : StoreFixture {
  FilledStore() {
    for (std::int64_t id = 0; id < 50; ++id) put_person(id, "login" + std::to_string(id));
    store->settle();
    store.reset();
  }

  [[nodiscard]] std::vector<fs::path> table_files() const {
    std::vector<fs::path> files;
    for (const fs::directory_entry& file : fs::directory_iterator{options.directory}) {
      if (file.path().extension() == ".sst") files.push_back(file.path());
    }
    return files;
  }

  /// Opens and reads everything.
  void read_everything() {
    reopen();
    static_cast<void>(store->recount());
    for (std::int64_t id = 0; id < 50; ++id) {
      static_cast<void>(store->find(kPeople, kPeopleByLogin, text("login" + std::to_string(id))));
    }
    store.reset();
  }

  void expect_damage_is_found(const std::string& what) {
    BOOST_TEST_CONTEXT(what) {
      try {
        read_everything();
        BOOST_ERROR("the damage was not found");
      } catch (const core::Error& error) {
        BOOST_TEST((error.kind() == core::ErrorKind::State));
        BOOST_TEST(!error.is_transient());
        BOOST_TEST(error.remedy().find("rebuilt from the target's ledger") != std::string::npos);
      }
      store.reset();
    }
  }
};

std::string read_file(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

void write_file(const fs::path& path, const std::string& bytes) {
  std::ofstream{path, std::ios::binary | std::ios::trunc}.write(bytes.data(),
                                                                static_cast<std::streamsize>(bytes.size()));
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(store_damage, FilledStore)

BOOST_AUTO_TEST_CASE(flipped_bytes_in_the_data_of_any_table_file_are_found) {
  BOOST_REQUIRE(!table_files().empty());
  for (const fs::path& path : table_files()) {
    const std::string intact = read_file(path);
    std::string damaged = intact;
    for (std::size_t at = 5; at < 40 && at < damaged.size(); ++at) damaged[at] = static_cast<char>(~damaged[at]);
    write_file(path, damaged);
    expect_damage_is_found(path.filename().string());
    write_file(path, intact);
  }
  read_everything();
}

BOOST_AUTO_TEST_CASE(truncated_and_missing_table_files_are_found) {
  for (const fs::path& path : table_files()) {
    const std::string intact = read_file(path);
    write_file(path, intact.substr(0, intact.size() / 2));
    expect_damage_is_found("truncated " + path.filename().string());
    fs::remove(path);
    expect_damage_is_found("missing " + path.filename().string());
    write_file(path, intact);
  }
}

BOOST_AUTO_TEST_CASE(a_store_without_its_head_is_not_taken_for_a_new_one) {
  fs::remove(options.directory / "CURRENT");
  expect_damage_is_found("CURRENT");
}

BOOST_AUTO_TEST_CASE(the_directory_is_its_owners_alone) {
  BOOST_TEST((fs::status(options.directory).permissions() == fs::perms::owner_all));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(a_fingerprint_of_another_format_is_refused_with_both_versions) {
  std::string bytes = encode_fingerprint({identity(), "layout"});
  BOOST_TEST((decode_fingerprint(bytes).identity == identity()));
  BOOST_TEST(decode_fingerprint(bytes).layout == "layout");
  bytes[3] = static_cast<char>(kFormatVersion + 1);
  // What follows may be anything in a newer format.
  bytes.resize(6);
  try {
    static_cast<void>(decode_fingerprint(bytes));
    BOOST_FAIL("was read");
  } catch (const core::Error& error) {
    BOOST_TEST((error.kind() == core::ErrorKind::State));
    BOOST_TEST(error.context("found") == std::to_string(kFormatVersion + 1));
    BOOST_TEST(error.context("supported") == std::to_string(kFormatVersion));
  }
}

}  // namespace state
