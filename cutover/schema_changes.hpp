#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "pg/session.hpp"

namespace cutover {

/// What was done to the target's schema, and what takes it back.
struct SchemaChange {
  enum class Kind : std::uint8_t {
    Plain,  ///< one statement of a cleanup
    Rule,  ///< the same, of the data (NOT NULL, a constraint): rows that came since may break it when it is to come back
    Mappings,  ///< of a cutover: the id map became a table
    Trigger,   ///< of a cutover: one that was off was switched on
  };
  Kind kind = Kind::Plain;
  std::string table;    ///< for people
  std::string applied;  ///< one statement, or several
  std::string undo;     ///< the same
  std::string archive;  ///< quoted name of the table that keeps the values; empty: none
  std::int64_t id = 0;
  std::string run;     ///< of the transaction that it was made in
  std::string remark;  ///< why it could not be taken back
};

/// `schema_changes` of the ledger: what cleanups and the cutover did to the target. Every function works in the session's transaction.
class SchemaChanges {
 public:
  explicit SchemaChanges(const std::string& ledger_schema);

  /// Whether the ledger has it, that is, whether anything was migrated.
  [[nodiscard]] bool exist(pg::Session& session) const;
  /// Whether prepare() was ever here: before, nothing was changed.
  [[nodiscard]] bool is_prepared(pg::Session& session) const;
  /// Adds the columns that an older agent's ledger lacks. Repeatable.
  void prepare(pg::Session& session) const;
  void add(pg::Session& session, const SchemaChange& change) const;
  /// Those of these kinds that are not taken back, the newest first.
  [[nodiscard]] std::vector<SchemaChange> standing(pg::Session& session,
                                                   std::initializer_list<SchemaChange::Kind> kinds) const;
  void note_undone(pg::Session& session, std::int64_t id) const;
  void note_left(pg::Session& session, std::int64_t id, std::string_view remark) const;

 private:
  std::string table_;
};

}  // namespace cutover
