#pragma once

#include <optional>

#include "agent/options.hpp"
#include "agent/steps/action.hpp"
#include "agent/steps/site.hpp"
#include "agent/validation_record.hpp"

namespace agent::steps {

/// A validation found differences, or could not see everything: exit codes of their own.
struct NotEqual {
  bool has_differences;
};

/// Source and target are compared, while nobody writes to either: every route, or those about which something was written since the last validation of everything.
class Validate : public Action {
 public:
  explicit Validate(Site& site) : site_(site) {}

  [[nodiscard]] cutover::Step step() const override { return cutover::Step::Validate; }
  [[nodiscard]] cutover::Plan plan() override;
  /// Prints what is not equal to stderr and throws NotEqual.
  nlohmann::json run() override;

 private:
  /// Nothing unless only what has changed is to be compared, and there is a validation to go by.
  [[nodiscard]] std::optional<ValidationRecord> reference();
  /// Throws NotEqual.
  [[nodiscard]] nlohmann::json compare(const Options::Validate& options);

  Site& site_;
};

}  // namespace agent::steps
