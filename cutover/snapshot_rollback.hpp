#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "core/relation.hpp"
#include "cutover/patient_transaction.hpp"
#include "mapping/plan.hpp"
#include "pg/session.hpp"

namespace cutover {

/// What becomes of the rows of one route.
struct RouteRows {
  std::string route;
  core::QualifiedName table;
  std::int64_t going = 0;  ///< the agent wrote them
  std::int64_t staying =
      0;  ///< the id map knows them, but they were there before, or are adopted: they keep what they hold now
};

/// Rows that stay and refer to rows that go.
struct StayingReference {
  core::QualifiedName table;
  std::string constraint;
  core::QualifiedName to;
  std::int64_t rows = 0;
};

struct SnapshotRollbackView {
  std::vector<RouteRows> routes;
  std::vector<StayingReference> references;
};

/// Takes from the target what the agent wrote: rows whose UUID was minted from their legacy key, or whose key the ledger remembers, and that were
/// not there before their route was first copied. One at a time: nobody else writes as the agent does meanwhile.
///
/// begin() makes a list of them in the ledger, for good; remove() works it off in transactions of bounded size, and takes a row from the list in the
/// transaction that removes it. So it may be killed and repeated. finish() ends it.
class SnapshotRollback {
 public:
  /// `plan` outlives it.
  SnapshotRollback(const pg::ConnectionParams& target, const mapping::Plan& plan, std::string ledger_schema,
                   std::string actor);

  /// Whether anything was copied that is not taken back.
  [[nodiscard]] bool has_copy();
  [[nodiscard]] bool is_under_way();
  /// What begin() would find, or what is left. Changes nothing.
  [[nodiscard]] SnapshotRollbackView look();
  /// Repeatable. Throws Error(Refused) when rows that stay refer to rows that go: each foreign key is named with a count.
  void begin(const Patience& patience, const std::stop_token& stop);
  /// Children first. Returns how many went. Throws Error(Refused) when somebody began to refer to one of them meanwhile, and Error(Target) when locks
  /// are not to be had; what is left is still on the list.
  std::int64_t remove(const Patience& patience, const std::stop_token& stop);
  /// Precondition: the list is empty. The ledger forgets the copy, in one transaction.
  void finish(const std::string& slot, const Patience& patience, const std::stop_token& stop);

 private:
  void make_list();
  void list_by_id(const mapping::Route& route);
  void list_by_key(const mapping::Route& route);
  [[nodiscard]] SnapshotRollbackView read_list();
  [[nodiscard]] std::int64_t staying(const mapping::Route& route);
  [[nodiscard]] std::vector<StayingReference> references(const mapping::Route& to, const std::string& going);
  std::int64_t remove_batch(const mapping::Route& route);
  [[nodiscard]] std::vector<const mapping::Route*> children_first() const;
  /// `alias`'s key columns are those of the array `key`.
  [[nodiscard]] std::string matches(const mapping::Route& route, const std::string& alias, const std::string& key);
  [[nodiscard]] std::string in_schema(std::string_view sql) const;
  [[nodiscard]] std::string list() const { return in_schema("{schema}.rollback_rows"); }

  pg::ConnectionParams params_;
  const mapping::Plan& plan_;
  std::string schema_;
  std::string actor_;
  pg::Session target_;
  bool rests_triggers_ = false;  ///< neither triggers fire nor are foreign keys checked for this session
};

}  // namespace cutover
