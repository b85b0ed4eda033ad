#include "tests/support/database.hpp"

#include <fmt/format.h>

#include "tests/support/process.hpp"

namespace tests {

void Database::load_file(const std::filesystem::path& file,
                         const std::vector<std::pair<std::string, std::string>>& variables) const {
  std::vector<std::string> args = {"--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--dbname=" + url_};
  for (const auto& [name, value] : variables) {
    args.push_back(fmt::format("--set={}={}", name, value));
  }
  args.push_back("--file=" + file.string());
  run({.program = client_dir_ / "psql",
       .args = std::move(args),
       .environment = {{"PGOPTIONS", "-c client_min_messages=warning"}}});
}

}  // namespace tests
