#pragma once

#include "agent/steps/action.hpp"
#include "agent/steps/site.hpp"

namespace agent::steps {

/// A validation found differences, or could not see everything: exit codes of their own.
struct NotEqual {
  bool has_differences;
};

/// Source and target are compared, while nobody writes to either.
class Validate : public Action {
 public:
  explicit Validate(Site& site) : site_(site) {}

  [[nodiscard]] cutover::Step step() const override { return cutover::Step::Validate; }
  /// Prints what is not equal to stderr and throws NotEqual.
  nlohmann::json run() override;

 private:
  Site& site_;
};

}  // namespace agent::steps
