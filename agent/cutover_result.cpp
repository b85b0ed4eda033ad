#include "agent/cutover_result.hpp"

#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

namespace agent {

using cutover::Step;

nlohmann::json sum_up(const cutover::Run& run, pg::Session& target) {
  const pg::Result took = target.exec(
      "select pg_catalog.round(extract(epoch from $1::timestamptz - $2::timestamptz)::pg_catalog.numeric, "
      "3)::pg_catalog.float8",
      {std::string_view{run.steps.at(Step::Release).finished_at},
       std::string_view{run.steps.at(Step::Fence).started_at}});
  return {{"outage_seconds", std::stod(took.text(0, 0))},
          {"validation_seconds", run.detail(Step::Validate).value("seconds", 0.0)}};
}

void print_result(const cutover::Run& run, bool is_new, bool as_json) {
  const nlohmann::json& detail = run.whole.detail;
  const double outage = detail.value("outage_seconds", 0.0);
  const double validation = detail.value("validation_seconds", 0.0);
  if (as_json) {
    std::cout << nlohmann::ordered_json{{"status", "done"},
                                        {"changed", is_new},
                                        {"started_at", run.whole.started_at},
                                        {"finished_at", run.whole.finished_at},
                                        {"outage_seconds", outage},
                                        {"validation_seconds", validation}}
                     .dump(2)
              << '\n';
    return;
  }
  std::cout << fmt::format(
      "{}: the cutover ended at {}; nobody could write for {:.1f} s, of which {:.1f} s were the validation\n"
      "The source stays read-only. Let the application write to the target now.\n",
      is_new ? "done" : "already done", run.whole.finished_at, outage, validation);
}

}  // namespace agent
