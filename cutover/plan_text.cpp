#include "cutover/plan_text.hpp"

#include <nlohmann/json.hpp>
#include <string_view>

namespace cutover {

namespace {

constexpr std::string_view kIndent = "    ";

/// Every line of a statement moves to the right by the same.
std::string indented(const std::string& sql) {
  std::string text{kIndent};
  for (const char c : sql) {
    text += c;
    if (c == '\n') text += kIndent;
  }
  return text;
}

}  // namespace

std::string to_text(const Plan& plan) {
  if (plan.empty()) return std::string{kIndent} + "nothing to do\n";
  std::string text;
  for (const PlannedStatement& statement : plan) {
    text += std::string{kIndent} + "-- " + statement.why;
    if (!statement.lock.empty()) text += " (locks: " + statement.lock + ")";
    text += "\n" + indented(statement.sql) + "\n";
  }
  return text;
}

nlohmann::ordered_json to_json(const Plan& plan) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const PlannedStatement& statement : plan) {
    json.push_back({{"sql", statement.sql}, {"lock", statement.lock}, {"why", statement.why}});
  }
  return json;
}

}  // namespace cutover
