#pragma once

#include <string>

#include "mapping/plan.hpp"

namespace mapping {

/// Fills the two fingerprints of a plan that is complete otherwise. Comments, layout and order of keys in mapping.yaml do
/// not count; reconcile, settle and cleanup do not either, since they decide nothing about rows.
void take_fingerprints(Plan& plan);

/// Of what one route means, by names: other routes may come and go without changing it.
[[nodiscard]] std::string fingerprint_of(const Plan& plan, const Route& route);

}  // namespace mapping
