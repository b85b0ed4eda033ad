#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace agent {

/// Error: the agent would fail or do harm. Warning: it works, but somebody should know. Info: for the record.
enum class Severity : std::uint8_t { Error, Warning, Info };
/// What a finding is about.
enum class Area : std::uint8_t { Mapping, Source, Target };

/// Something that the preflight found, with what to do about it.
struct Finding {
  Severity severity = Severity::Error;
  Area area = Area::Mapping;
  std::string message;
  std::string remedy;  ///< a sentence or a statement to run; may be empty
  std::string file;    ///< where in the mapping, if it is about a place there
  int line = 0;        ///< from 1; 0: nowhere in a file
  int column = 0;
};

[[nodiscard]] std::string_view to_string(Severity severity);
[[nodiscard]] std::string_view to_string(Area area);

[[nodiscard]] bool has_error(const std::vector<Finding>& findings);
/// {"ok":…,"findings":[{"severity","area","message","remedy","file","line","column"}]}; ok means without errors.
[[nodiscard]] nlohmann::ordered_json to_json(const std::vector<Finding>& findings);
/// For people: one paragraph per finding, errors first, and a last line that counts them.
[[nodiscard]] std::string to_text(const std::vector<Finding>& findings);

/// Collects the findings about one area.
class FindingList {
 public:
  explicit FindingList(Area area) : area_(area) {}

  void error(std::string message, std::string remedy) { add(Severity::Error, std::move(message), std::move(remedy)); }
  void warning(std::string message, std::string remedy) {
    add(Severity::Warning, std::move(message), std::move(remedy));
  }
  void info(std::string message) { add(Severity::Info, std::move(message), {}); }

  [[nodiscard]] std::vector<Finding> take() && { return std::move(findings_); }

 private:
  void add(Severity severity, std::string message, std::string remedy) {
    findings_.push_back(
        {.severity = severity, .area = area_, .message = std::move(message), .remedy = std::move(remedy), .file = {}});
  }

  Area area_;
  std::vector<Finding> findings_;
};

}  // namespace agent
