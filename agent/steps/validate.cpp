#include "agent/steps/validate.hpp"

#include <chrono>
#include <iostream>

#include "agent/validation.hpp"
#include "validate/summary.hpp"

namespace agent::steps {

namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

}  // namespace

json Validate::run() {
  const auto began = Clock::now();
  const auto outcome = run_validation(site_.config, {}, true, site_.stop);
  const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
  site_.require_not_stopped();
  if (!outcome.match() || !outcome.is_complete()) {
    std::cerr << ::validate::to_text(outcome);
    site_.journal.write(site_.run, step(), cutover::Status::Failed, {{"lsn", outcome.lsn.to_string()}});
    throw NotEqual{!outcome.match()};
  }
  return {{"lsn", outcome.lsn.to_string()}, {"seconds", seconds}};
}

}  // namespace agent::steps
