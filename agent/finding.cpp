#include "agent/finding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/redaction.hpp"

namespace agent {

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::Error: return "error";
    case Severity::Warning: return "warning";
    case Severity::Info: return "info";
  }
  return "error";
}

std::string_view to_string(Area area) {
  switch (area) {
    case Area::Mapping: return "mapping";
    case Area::Source: return "source";
    case Area::Target: return "target";
  }
  return "mapping";
}

bool has_error(const std::vector<Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& finding) { return finding.severity == Severity::Error; });
}

nlohmann::ordered_json to_json(const std::vector<Finding>& findings) {
  nlohmann::ordered_json object;
  object["ok"] = !has_error(findings);
  object["findings"] = nlohmann::ordered_json::array();
  for (const Finding& finding : findings) {
    object["findings"].push_back({{"severity", to_string(finding.severity)},
                                  {"area", to_string(finding.area)},
                                  {"message", redact(finding.message)},
                                  {"remedy", redact(finding.remedy)},
                                  {"file", finding.file},
                                  {"line", finding.line},
                                  {"column", finding.column}});
  }
  return object;
}

std::string to_text(const std::vector<Finding>& findings) {
  std::vector<const Finding*> sorted;
  for (const Finding& finding : findings) sorted.push_back(&finding);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Finding* a, const Finding* b) { return a->severity < b->severity; });

  std::string text;
  for (const Finding* finding : sorted) {
    text += fmt::format("{}: {}: ", to_string(finding->severity), to_string(finding->area));
    if (finding->line > 0) text += fmt::format("{}:{}:{}: ", finding->file, finding->line, finding->column);
    text += finding->message + "\n";
    if (!finding->remedy.empty()) text += "  remedy: " + finding->remedy + "\n";
  }
  const auto count = [&](Severity severity) {
    return std::count_if(findings.begin(), findings.end(),
                         [&](const Finding& finding) { return finding.severity == severity; });
  };
  const auto errors = count(Severity::Error);
  const auto warnings = count(Severity::Warning);
  if (errors == 0 && warnings == 0) return redact(text) + "check: nothing found\n";
  return redact(text) + fmt::format("check: {} error{}, {} warning{}\n", errors, errors == 1 ? "" : "s", warnings,
                                    warnings == 1 ? "" : "s");
}

}  // namespace agent
