#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <stop_token>
#include <string>
#include <vector>

#include "core/relation.hpp"
#include "cutover/incoming_key.hpp"
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

/// Rows that stay and refer to rows that go, in a column that the agent wrote: adopted ones, and those whose key was there already. Their reference gives way.
struct LoosenedReference {
  core::QualifiedName table;
  std::string column;
  core::QualifiedName to;
  std::int64_t restored = 0;  ///< refer again to what they referred to before the copy
  std::int64_t emptied = 0;   ///< refer to nothing then: it is not known, or not there any more
};

/// An array of objects.
[[nodiscard]] nlohmann::ordered_json to_json(const std::vector<LoosenedReference>& loosened);

/// Rows that stay and refer to rows that go, and keep the agent from removing these.
struct StayingReference {
  core::QualifiedName table;
  std::string constraint;
  core::QualifiedName to;
  std::int64_t rows = 0;
};

struct SnapshotRollbackView {
  std::vector<RouteRows> routes;
  std::vector<LoosenedReference> loosened;
  std::vector<StayingReference> references;
};

/// Takes from the target what the agent wrote: rows whose UUID was minted from their legacy key, or whose key the ledger remembers, or that further routes
/// wrote under the id of an adopted row, and that were
/// not there before their route was first copied. Rows that stay get back the references that they had, where the agent wrote others to rows that go.
/// One at a time: nobody else writes as the agent does meanwhile.
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
  /// Repeatable. Throws Error(Refused) when rows that stay refer to rows that go and cannot be loosened: each foreign key is named with a count.
  void begin(const Patience& patience, const std::stop_token& stop);
  /// Children first. Returns how many went. Throws Error(Refused) when somebody began to refer to one of them meanwhile, and Error(Target) when locks
  /// are not to be had; what is left is still on the list.
  std::int64_t remove(const Patience& patience, const std::stop_token& stop);
  /// Precondition: the list is empty. The ledger forgets the copy, in one transaction.
  void finish(const std::string& slot, const Patience& patience, const std::stop_token& stop);

 private:
  void make_list();
  void list_by_id(const mapping::Route& route);
  void list_under_adopted_ids(const mapping::Route& route);
  void list_by_key(const mapping::Route& route);
  [[nodiscard]] SnapshotRollbackView read_list();
  [[nodiscard]] std::int64_t staying(const mapping::Route& route);
  /// Which references count as in the way.
  enum class Which : std::uint8_t {
    NotLoosened,  ///< those that loosen() will leave
    All,
  };
  /// `going`: SQL for a relation with the column target_key.
  [[nodiscard]] std::vector<StayingReference> references(const mapping::Route& to, const std::string& going,
                                                         Which which);
  [[nodiscard]] std::vector<LoosenedReference> loosened(const mapping::Route& to, const std::string& going);
  /// Of the rows that refer to those of the batch.
  void loosen(const mapping::Route& to);
  // Parts of a statement about rows `c` of a foreign key's table.
  /// What comes after FROM: rows `p` that go.
  [[nodiscard]] std::string going_rows(const mapping::Route& to, const std::string& going);
  /// That `c` refers to `p`, and does not go itself.
  [[nodiscard]] std::string refers_and_stays(const mapping::Route& to, const IncomingKey& key);
  /// That the agent writes into `c` by this route.
  [[nodiscard]] std::string is_written(const mapping::Route& route);
  /// That it does, and what it wrote into the key's column can be taken back.
  [[nodiscard]] std::string gives_way(const mapping::Route& route, const mapping::Route& to, const IncomingKey& key);
  /// What comes after FROM: the line `f` about `c` as it was before the copy.
  [[nodiscard]] std::string found_row(const mapping::Route& route) const;
  /// What `c` referred to before the copy, when that row is still there and is not the one it refers to now; NULL otherwise.
  [[nodiscard]] std::string previous(const mapping::Route& route, const mapping::Route& to,
                                     const IncomingKey& key) const;
  /// That it is known to have referred to nothing.
  [[nodiscard]] std::string was_empty(const mapping::Route& route, const IncomingKey& key) const;
  /// The routes that write references into the key's column.
  [[nodiscard]] std::vector<const mapping::Route*> writers(const IncomingKey& key) const;
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
