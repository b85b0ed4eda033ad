#include "agent/cutover_result.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace agent {

using cutover::Step;

nlohmann::json sum_up(const cutover::Run& run, pg::Session& target) {
  const pg::Result took = target.exec(
      "select pg_catalog.round(extract(epoch from $1::timestamptz - $2::timestamptz)::pg_catalog.numeric, "
      "3)::pg_catalog.float8",
      {std::string_view{run.steps.at(Step::Release).finished_at},
       std::string_view{run.steps.at(Step::Fence).started_at}});
  const nlohmann::json validation = run.detail(Step::Validate);
  return {{"outage_seconds", std::stod(took.text(0, 0))},
          {"validation_seconds", validation.value("seconds", 0.0)},
          {"validated", validation.value("validated", nlohmann::json::array())},
          {"vouched", validation.value("vouched", nlohmann::json::array())}};
}

void print_result(const cutover::Run& run, bool is_new, bool as_json) {
  const nlohmann::json& detail = run.whole.detail;
  const double outage = detail.value("outage_seconds", 0.0);
  const double validation = detail.value("validation_seconds", 0.0);
  const nlohmann::json validated = detail.value("validated", nlohmann::json::array());
  const nlohmann::json vouched = detail.value("vouched", nlohmann::json::array());
  if (as_json) {
    std::cout << nlohmann::ordered_json{{"status", "done"},
                                        {"changed", is_new},
                                        {"started_at", run.whole.started_at},
                                        {"finished_at", run.whole.finished_at},
                                        {"outage_seconds", outage},
                                        {"validation_seconds", validation},
                                        {"validated", validated},
                                        {"vouched", vouched}}
                     .dump(2)
              << '\n';
    return;
  }
  std::string kept;
  if (!vouched.empty()) {
    kept = fmt::format(
        "Compared: {} routes. Not written to since the last validation of everything, and not compared: {}.\n",
        validated.size(), fmt::join(vouched.get<std::vector<std::string>>(), ", "));
  }
  std::cout << fmt::format(
      "{}: the cutover ended at {}; nobody could write for {:.1f} s, of which {:.1f} s were the validation\n{}"
      "The source stays read-only. Let the application write to the target now.\n",
      is_new ? "done" : "already done", run.whole.finished_at, outage, validation, kept);
}

}  // namespace agent
