#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cutover/plan.hpp"

namespace cutover {

/// For people: a paragraph per statement, indented; says so when there is nothing to do. Ends with a newline.
[[nodiscard]] std::string to_text(const Plan& plan);
/// [{"sql","lock","why"}]
[[nodiscard]] nlohmann::ordered_json to_json(const Plan& plan);

}  // namespace cutover
