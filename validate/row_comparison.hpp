#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/lookup.hpp"
#include "mapping/derive.hpp"
#include "mapping/plan.hpp"
#include "validate/checksum.hpp"
#include "validate/target_reader.hpp"

namespace validate {

/// How a row that is meant to be on the target compares with what is there.
struct RowComparison {
  std::string place;                 ///< of the target's row; empty: there is none
  std::vector<std::string> columns;  ///< that read otherwise there
  Checksum meant;
  Checksum there;
  std::string failure;  ///< why the target cannot say what the row is meant to be; empty: it can

  [[nodiscard]] bool is_there() const { return !place.empty(); }
};

enum class Depth : bool { Existence, Contents };

/// Asks the target about all of them at once, in the order of `rows`.
[[nodiscard]] std::vector<RowComparison> compare_rows(const mapping::Route& route,
                                                      std::span<const mapping::Derivation* const> rows, Depth depth,
                                                      core::Lookup& lookup, TargetReader& target);

/// The checksum of an MD5 in its text form.
[[nodiscard]] Checksum checksum_of(std::string_view md5);

}  // namespace validate
