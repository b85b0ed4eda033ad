#include "cutover/step.hpp"

namespace cutover {

std::string_view to_string(Step step) {
  switch (step) {
    case Step::Check: return "check";
    case Step::Fence: return "fence";
    case Step::Drain: return "drain";
    case Step::Validate: return "validate";
    case Step::Settle: return "settle";
    case Step::Mappings: return "mappings";
    case Step::Cleanup: return "cleanup";
    case Step::Release: return "release";
    case Step::Report: return "report";
  }
  return "check";
}

std::optional<Step> step_of(std::string_view name) {
  for (const Step step : kSteps) {
    if (name == to_string(step)) return step;
  }
  return std::nullopt;
}

std::string_view summary_of(Step step) {
  switch (step) {
    case Step::Check: return "see whether everything is ready";
    case Step::Fence: return "keep everybody from writing to the source, and see that it holds";
    case Step::Drain: return "bring everything that was written before to the target";
    case Step::Validate: return "compare source and target";
    case Step::Settle: return "make the target ready for writers of its own";
    case Step::Mappings: return "keep the id map as a plain table";
    case Step::Cleanup: return "drop the columns that the mapping lists, with an archive";
    case Step::Release: return "end the running agent, and remove slot and publication from the source";
    case Step::Report: return "sum up";
  }
  return {};
}

}  // namespace cutover
