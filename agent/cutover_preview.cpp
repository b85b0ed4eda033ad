#include "agent/cutover_preview.hpp"

#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "cutover/plan_text.hpp"
#include "cutover/step.hpp"

namespace agent {

namespace {

using cutover::Step;

std::map<Step, cutover::Plan> plans_of(steps::Sequence& sequence) {
  std::map<Step, cutover::Plan> plans;
  for (steps::Action* action : sequence.in_order()) {
    try {
      plans[action->step()] = action->plan();
    } catch (const core::Error& error) {
      if (error.kind() != core::ErrorKind::Refused) throw;  // an obstacle, and listed as one
    }
  }
  return plans;
}

void print_json(const std::map<Step, cutover::Plan>& plans, const std::vector<std::string>& obstacles) {
  nlohmann::ordered_json object{{"ready", obstacles.empty()},
                                {"obstacles", obstacles},
                                {"point_of_no_return", to_string(cutover::kPointOfNoReturn)}};
  for (const auto& [step, plan] : plans) {
    if (!plan.empty()) object[std::string(to_string(step))] = to_json(plan);
  }
  std::cout << object.dump(2) << '\n';
}

void print_text(const std::map<Step, cutover::Plan>& plans, const std::vector<std::string>& obstacles) {
  for (const Step step : cutover::kSteps) {
    if (step == cutover::kPointOfNoReturn) std::cout << "-- point of no return --\n";
    std::cout << to_string(step) << ": " << summary_of(step) << '\n';
    if (step == Step::Check) {
      for (const std::string& obstacle : obstacles) std::cout << "    not ready: " << obstacle << '\n';
    }
    if (const auto plan = plans.find(step); plan != plans.end() && !plan->second.empty()) {
      std::cout << to_text(plan->second);
    }
  }
  std::cout << "nothing was changed\n";
}

}  // namespace

void preview_cutover(steps::Sequence& sequence, const std::vector<std::string>& obstacles, bool as_json) {
  const std::map<Step, cutover::Plan> plans = plans_of(sequence);
  if (as_json) return print_json(plans, obstacles);
  print_text(plans, obstacles);
}

}  // namespace agent
