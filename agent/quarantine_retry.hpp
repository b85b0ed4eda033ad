#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "agent/commands/quarantine.hpp"
#include "agent/environment.hpp"
#include "agent/quarantine_ledger.hpp"
#include "apply/applier.hpp"
#include "apply/ledger.hpp"

namespace agent {

/// How far a retry has come.
struct RetryPlace {
  std::int64_t last =
      0;  ///< the newest line when it began: what this very retry refuses keeps its line, or gets one behind this
  std::size_t step = 0;    ///< each route, parents first; then, for what is to go, each route once more, children first
  std::int64_t after = 0;  ///< the last line that is done, in this step
};

/// One page of a retry.
struct RetryPage {
  commands::quarantine::RetryResult result;
  std::optional<RetryPlace> next;  ///< none: there is no further page
};

/// Derives up to `apply.batch_rows` quarantined rows again, or removes what could not be removed, and commits. `from`: where the page before
/// ended; none: from the beginning. `actor`: who asked, for audit_log. What the target still refuses stays, with one more attempt. Precondition: the applier has nothing open.
/// Throws Error(Usage) for an unknown route or place; Error(Target) as applying does: then what was done stays done, and the rest may be
/// retried.
[[nodiscard]] RetryPage retry_page(const Environment& environment, const apply::Ledger& ledger, apply::Applier& applier,
                                   const QuarantineSelection& selection, const std::string& actor,
                                   const std::optional<RetryPlace>& from);

/// All pages.
[[nodiscard]] commands::quarantine::RetryResult retry_quarantined(const Environment& environment,
                                                                  const apply::Ledger& ledger, apply::Applier& applier,
                                                                  const QuarantineSelection& selection,
                                                                  const std::string& actor);

/// The control socket's answer to {"command":"quarantine_retry","route":…,"keys":[…],"actor":…,"place":…}: {"retried","applied","still","place"} of one
/// page. The next question has the place that this one's answer gave; null: from the beginning, or no further page.
[[nodiscard]] nlohmann::json answer_retry(const Environment& environment, const apply::Ledger& ledger,
                                          apply::Applier& applier, const nlohmann::json& request);

/// After a complete snapshot: closes the ledger's lines of rows that are not quarantined (any more), whatever local state knew of them
/// before. Returns how many.
std::size_t resolve_settled(const Environment& environment, const apply::Ledger& ledger, const state::Store& store);

}  // namespace agent
