#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apply/quarantine_table.hpp"
#include "apply/slot_owner.hpp"
#include "apply/target_key_changes.hpp"
#include "core/lsn.hpp"
#include "core/row_status.hpp"
#include "mapping/plan.hpp"
#include "pg/catalog.hpp"
#include "pg/session.hpp"

namespace apply {

/// What the target says about how far it is: the authority, written in the transaction of the data.
struct Checkpoint {
  pg::ServerIdentity source;
  core::Lsn applied;
  core::Lsn consistent_point;  ///< of the slot when it was made
  std::string source_mark;     ///< JSON: what else the source is known again by; empty: nothing is known
  std::string mapping;         ///< JSON: of the mapping that the rows were last compared under; empty: nothing is known
  double age_seconds = 0;      ///< since it moved last, by the target's clock
  SlotOwner owner;             ///< who has taken the row
};

/// The ledger schema on the target: the only place that writes to it. Every function runs in the session's open transaction, or in one of
/// its own when there is none.
class Ledger {
 public:
  Ledger(std::string schema, std::string slot);

  /// Creates what is missing and closes it to everybody else. Repeatable. `plan` decides how migration_mappings answers: a view over the
  /// target tables that carry their legacy key, and stored rows for the rest.
  void create(pg::Session& session, const mapping::Plan& plan) const;

  /// Whether create() has ever been here.
  [[nodiscard]] bool exists(pg::Session& session) const;
  [[nodiscard]] std::optional<Checkpoint> read_checkpoint(pg::Session& session) const;
  enum class Lock : bool { Shared, Exclusive };
  /// Begins a transaction and locks the checkpoint in it, against everybody or against `Exclusive` only. Waits for whoever holds
  /// it, up to lock_timeout. Nothing when there is none. Throws Error(Refused), without a transaction, when hold() said that this process has
  /// taken the row and the row does not.
  [[nodiscard]] std::optional<core::Lsn> lock_checkpoint(pg::Session& session, Lock lock) const;
  /// Makes `owner` that of the row, if it still is as `seen`. Throws Error(Refused) when it is not.
  void take_checkpoint(pg::Session& session, const SlotOwner& owner, const Checkpoint& seen) const;
  /// From now on nothing is written unless the row names this owner: once its take_checkpoint() was committed. Before other
  /// threads use the ledger.
  void hold(const SlotOwner& owner) { token_ = owner.token; }
  /// Whether hold() was here.
  [[nodiscard]] bool is_held() const { return !token_.empty(); }
  /// In an open transaction that does not begin with lock_checkpoint(). Throws as that does.
  void require_owner(pg::Session& session) const;
  /// Starts the checkpoint at the slot's consistent point.
  void create_checkpoint(pg::Session& session, const Checkpoint& checkpoint) const;
  /// Notes that the source is on this timeline now, and its mark. Affects nothing when there is no checkpoint.
  void note_source(pg::Session& session, std::uint32_t timeline, std::string_view source_mark) const;
  void note_mapping(pg::Session& session, std::string_view mapping) const;
  /// Moves it forward. Throws Error(Refused) when it is not there or is ahead: somebody else writes to this target.
  void advance_checkpoint(pg::Session& session, core::Lsn applied,
                          std::optional<std::string> counters_json = std::nullopt) const;

  /// Whether the UUIDs of this entity have to be stored: its target table does not carry the legacy key in a way that a view can read.
  [[nodiscard]] static bool stores_mappings(const mapping::Plan& plan, const mapping::Entity& entity);
  void store_mappings(pg::Session& session, std::string_view entity,
                      std::span<const std::pair<std::string, std::string>> key_and_uuid, bool adopted) const;
  void forget_mappings(pg::Session& session, std::string_view entity, std::span<const std::string> keys) const;
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> read_adopted(pg::Session& session,
                                                                              std::string_view entity) const;

  /// Notes which rows the routes' tables hold before the agent has ever written to them: they are not its own, whatever becomes of them. Does nothing
  /// for routes of which that is known. Returns of how many it was not. Precondition: create() was here; rows of a new route are not written yet;
  /// a transaction is open.
  std::size_t note_found_rows(pg::Session& session, const mapping::Plan& plan) const;

  void remember_target_keys(pg::Session& session, std::string_view route, const TargetKeyChanges& changes) const;
  /// All that are remembered, by legacy key: several where a row was written again by an agent that had lost its state. At most 8 conflict
  /// columns.
  [[nodiscard]] std::vector<std::pair<std::string, std::vector<std::string>>> read_target_keys(
      pg::Session& session, const mapping::Route& route) const;

  [[nodiscard]] const QuarantineTable& quarantine() const { return quarantine_; }

  /// One line of migration_control.
  struct Control {
    std::string run;
    std::string phase;
    std::string route;
    std::string status;  ///< running, done, failed
    std::int64_t total = 0;
    std::int64_t processed = 0;
    std::int64_t failed = 0;
    std::string detail = "{}";  ///< JSON text. Never row values
  };
  void write_control(pg::Session& session, const Control& control) const;

  [[nodiscard]] const std::string& slot() const { return slot_; }

 private:
  [[nodiscard]] std::string sql(std::string_view text) const;
  void require_owner(const pg::Result& locked) const;

  std::string schema_;
  std::string slot_;
  std::string token_;  // of the owner that this process is; empty: it has not taken the row
  QuarantineTable quarantine_;
};

}  // namespace apply
