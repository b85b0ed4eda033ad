#pragma once

#include <span>

#include "apply/target_session.hpp"
#include "core/lookup.hpp"
#include "mapping/derive.hpp"
#include "mapping/plan.hpp"

namespace apply {

/// The values that `statement` wants of these rows, in its order. Views point into the derivations: keep them alive.
[[nodiscard]] SentRows sent_rows(const mapping::Route& route, const mapping::RowStatement& statement,
                                 std::span<const mapping::Derivation* const> rows, core::Lookup& lookup);

/// `{…}`: the values of one column of a many-join's rows, as an array literal of its type.
[[nodiscard]] std::string joined_array(std::span<const core::Row> rows, std::uint16_t column);

}  // namespace apply
