#pragma once

namespace pg {

/// What a server of this version can do. `number` is PQserverVersion's: 150018 for 15.18. The only place with version numbers.
struct ServerVersion {
  int number = 0;

  [[nodiscard]] constexpr int major() const { return number / 10000; }
  [[nodiscard]] constexpr bool is_supported() const { return major() >= 10; }

  [[nodiscard]] constexpr bool has_truncate_in_stream() const { return major() >= 11; }
  /// A column added with a constant default has it from the catalog in older rows (pg_attribute.atthasmissing).
  [[nodiscard]] constexpr bool has_missing_values() const { return major() >= 11; }
  [[nodiscard]] constexpr bool has_jit() const { return major() >= 11; }
  [[nodiscard]] constexpr bool has_included_index_columns() const { return major() >= 11; }
  [[nodiscard]] constexpr bool has_constraint_parents() const { return major() >= 11; }
  [[nodiscard]] constexpr bool has_generated_columns() const { return major() >= 12; }
  /// `wal_sender_timeout` may be set per session.
  [[nodiscard]] constexpr bool has_session_wal_sender_timeout() const { return major() >= 12; }
  /// `publish_via_partition_root`, and partitioned tables in publications.
  [[nodiscard]] constexpr bool has_publish_via_root() const { return major() >= 13; }
  /// A membership may come without the right to SET ROLE.
  [[nodiscard]] constexpr bool has_set_option() const { return major() >= 16; }
  /// `wal_status` and `safe_wal_size` in pg_replication_slots; `max_slot_wal_keep_size`.
  [[nodiscard]] constexpr bool has_wal_status() const { return major() >= 13; }
  /// pgoutput's proto_version 2: large transactions are streamed before they commit.
  [[nodiscard]] constexpr bool has_streaming() const { return major() >= 14; }
  /// Logical messages in the stream (pgoutput option `messages`).
  [[nodiscard]] constexpr bool has_messages() const { return major() >= 14; }
  [[nodiscard]] constexpr bool has_idle_session_timeout() const { return major() >= 14; }
  /// pg_stat_replication_slots.
  [[nodiscard]] constexpr bool has_slot_statistics() const { return major() >= 14; }
  /// Row filters, column lists and `TABLES IN SCHEMA` in publications.
  [[nodiscard]] constexpr bool has_publication_filters() const { return major() >= 15; }
  /// `CREATE_REPLICATION_SLOT … (SNAPSHOT 'export')` instead of `EXPORT_SNAPSHOT`.
  [[nodiscard]] constexpr bool has_slot_option_list() const { return major() >= 15; }
  /// pgoutput option `origin`.
  [[nodiscard]] constexpr bool has_origin_option() const { return major() >= 16; }
  [[nodiscard]] constexpr bool has_decoding_on_standby() const { return major() >= 16; }
  /// `conflicting` in pg_replication_slots.
  [[nodiscard]] constexpr bool has_slot_conflicts() const { return major() >= 16; }
  /// `invalidation_reason`, `inactive_since`, `failover`, `synced` in pg_replication_slots.
  [[nodiscard]] constexpr bool has_invalidation_reason() const { return major() >= 17; }
  [[nodiscard]] constexpr bool has_failover_slots() const { return major() >= 17; }
  [[nodiscard]] constexpr bool has_transaction_timeout() const { return major() >= 17; }
  [[nodiscard]] constexpr bool has_idle_slot_timeout() const { return major() >= 18; }
};

}  // namespace pg
