#pragma once

#include <cstdint>
#include <optional>
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
    Mappings,  ///< the id map became a table: the cutover's, not a cleanup's
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
  /// Those of cleanups that are not taken back, the newest first.
  [[nodiscard]] std::vector<SchemaChange> standing(pg::Session& session) const;
  /// How the id map became a table, while it is one.
  [[nodiscard]] std::optional<SchemaChange> standing_handover(pg::Session& session) const;
  void note_undone(pg::Session& session, std::int64_t id) const;
  void note_left(pg::Session& session, std::int64_t id, std::string_view remark) const;

 private:
  [[nodiscard]] std::vector<SchemaChange> read(pg::Session& session, std::string_view condition) const;

  std::string table_;
};

}  // namespace cutover
