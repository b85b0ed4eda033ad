#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "pg/connection_params.hpp"
#include "pg/result.hpp"

namespace pg {

/// What a parameter of a statement is: its text form, or NULL. Views; must live until the call returns.
using Param = std::optional<std::string_view>;

/// What servers show of a connection for `purpose`: `dispatch-sync/<purpose>`, as much as fits.
[[nodiscard]] std::string application_name(std::string_view purpose);

/// One connection for plain SQL, with every setting that could change the meaning of a value pinned at connect and read back:
/// UTF8, ISO, UTC, extra_float_digits 3, row_security off, no statement_timeout … (protocol: values follow the sender's settings).
/// It never reconnects by itself: a broken session throws until it is replaced. Not thread-safe, except for cancel().
class Session {
 public:
  /// Connects or throws Error(Source) / Error(Target) after the side of `params`; transient when a retry may help.
  /// `purpose` becomes `application_name=dispatch-sync/<purpose>`.
  Session(const ConnectionParams& params, std::string_view purpose);
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;

  /// Runs SQL that has no parameters; several statements are allowed, the last result is returned.
  Result exec(std::string_view sql);
  /// Runs one statement with text parameters `$1 …`.
  Result exec(std::string_view sql, std::span<const Param> params);
  Result exec(std::string_view sql, std::initializer_list<Param> params) {
    return exec(sql, std::span<const Param>{params.begin(), params.size()});
  }
  /// Prepares `sql` under `name` for the life of this session.
  void prepare(std::string_view name, std::string_view sql);
  Result exec_prepared(std::string_view name, std::span<const Param> params);
  /// Types and names of a statement's result columns, without running it (Parse + Describe). Throws as exec does; the error has
  /// a context entry `position` (1-based, characters into `sql`) when the server gives one.
  [[nodiscard]] std::vector<ResultColumn> describe(std::string_view sql);

  /// Starts `COPY … FROM STDIN`; feed text-format data, then finish.
  void copy_in_begin(std::string_view sql);
  void copy_in_data(std::string_view bytes);
  /// Ends the COPY and returns the number of rows. Throws as exec does.
  std::uint64_t copy_in_finish();

  /// Starts `COPY … TO STDOUT`.
  void copy_out_begin(std::string_view sql);
  /// The next row in COPY text format, with its newline; nothing at the end. Valid until the next call.
  [[nodiscard]] std::optional<std::string_view> copy_out_row();

  /// Session-level state. `is_broken` after any error that poisons the connection.
  [[nodiscard]] bool is_broken() const;
  [[nodiscard]] bool in_transaction() const;
  [[nodiscard]] int server_version() const;  ///< as PQserverVersion: 150018
  [[nodiscard]] int backend_pid() const;
  [[nodiscard]] const ConnectionParams& params() const;
  /// Asks the server to cancel what runs; callable from another thread.
  void cancel() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A transaction block: rolled back unless committed.
class TransactionBlock {
 public:
  /// `mode` follows BEGIN: "", "ISOLATION LEVEL REPEATABLE READ READ ONLY", …
  explicit TransactionBlock(Session& session, std::string_view mode = "");
  ~TransactionBlock();
  TransactionBlock(const TransactionBlock&) = delete;
  TransactionBlock& operator=(const TransactionBlock&) = delete;

  /// Commits. A connection lost here throws Error(InDoubt): whether it committed must be read from the data.
  void commit();
  void rollback();

 private:
  Session& session_;
  bool is_open_ = true;
};

}  // namespace pg
