#include "pg/session.hpp"

#include "pg/connection.hpp"
#include "pg/result_impl.hpp"
#include "pg/server_error.hpp"

namespace pg {

namespace {

/// Parameters as libpq wants them: one buffer with all texts, each with a zero byte behind it.
class TextParams {
 public:
  TextParams(std::span<const Param> params, const ConnectionParams& connection) {
    std::size_t bytes = 0;
    for (const Param& param : params) bytes += param ? param->size() + 1 : 0;
    buffer_.reserve(bytes);  // never grows below, so pointers into it stay
    pointers_.reserve(params.size());
    for (const Param& param : params) {
      if (!param) {
        pointers_.push_back(nullptr);
        continue;
      }
      // libpq would cut the value there in silence; the server could not store it either.
      if (param->find('\0') != std::string_view::npos) {
        const bool is_row = connection.side() == Side::Target;
        throw core::Error{is_row ? core::ErrorKind::Data : core::ErrorKind::Source, "a value holds a zero byte"}
            .sqlstate("22021");
      }
      pointers_.push_back(buffer_.data() + buffer_.size());
      buffer_.append(*param).push_back('\0');
    }
  }

  [[nodiscard]] int count() const { return static_cast<int>(pointers_.size()); }
  [[nodiscard]] const char* const* values() const { return pointers_.data(); }

 private:
  std::string buffer_;
  std::vector<const char*> pointers_;
};

void refuse_copy(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
    throw core::Error{core::ErrorKind::Bug, "COPY was run as an ordinary statement"};
  }
}

}  // namespace

struct Session::Impl {
  Impl(const ConnectionParams& params, std::string_view purpose) : connection(params, purpose, ConnectionUse::Sql) {}

  Result collect(int is_sent) {
    ResultGuard result = connection.collect(is_sent);
    refuse_copy(result.get());
    return make_result(std::move(result));
  }

  void begin_copy(std::string_view sql, ExecStatusType wanted) {
    const ResultGuard result = connection.exec(sql);
    if (PQresultStatus(result.get()) != wanted) {
      throw core::Error{core::ErrorKind::Bug, "a statement that should start a COPY does not"};
    }
  }

  Connection connection;
  TextGuard copied_row;
};

std::string application_name(std::string_view purpose) {
  constexpr std::size_t kLongest = 63;  // NAMEDATALEN - 1: the server cuts it there
  return ("dispatch-sync/" + std::string{purpose}).substr(0, kLongest);
}

Session::Session(const ConnectionParams& params, std::string_view purpose)
    : impl_(std::make_unique<Impl>(params, purpose)) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

Result Session::exec(std::string_view sql) {
  ResultGuard result = impl_->connection.exec(sql);
  refuse_copy(result.get());
  return make_result(std::move(result));
}

Result Session::exec(std::string_view sql, std::span<const Param> params) {
  impl_->connection.ready();
  const TextParams texts{params, impl_->connection.params()};
  return impl_->collect(PQsendQueryParams(impl_->connection.get(), std::string{sql}.c_str(), texts.count(), nullptr,
                                          texts.values(), nullptr, nullptr, 0));
}

void Session::prepare(std::string_view name, std::string_view sql) {
  impl_->connection.ready();
  impl_->collect(
      PQsendPrepare(impl_->connection.get(), std::string{name}.c_str(), std::string{sql}.c_str(), 0, nullptr));
}

Result Session::exec_prepared(std::string_view name, std::span<const Param> params) {
  impl_->connection.ready();
  const TextParams texts{params, impl_->connection.params()};
  return impl_->collect(PQsendQueryPrepared(impl_->connection.get(), std::string{name}.c_str(), texts.count(),
                                            texts.values(), nullptr, nullptr, 0));
}

std::vector<ResultColumn> Session::describe(std::string_view sql) {
  prepare("", sql);
  return impl_->collect(PQsendDescribePrepared(impl_->connection.get(), "")).describe();
}

void Session::copy_in_begin(std::string_view sql) { impl_->begin_copy(sql, PGRES_COPY_IN); }

void Session::copy_in_data(std::string_view bytes) {
  // libpq counts in int; pieces this size also keep its buffer small.
  constexpr std::size_t kPiece = std::size_t{1} << 20U;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, kPiece);
    if (PQputCopyData(impl_->connection.get(), piece.data(), static_cast<int>(piece.size())) != 1) {
      // What the server has to say explains more than that it does not listen.
      impl_->connection.collect(0);
    }
    impl_->connection.flush();
    bytes.remove_prefix(piece.size());
  }
}

std::uint64_t Session::copy_in_finish() {
  const int is_ended = PQputCopyEnd(impl_->connection.get(), nullptr);
  return impl_->collect(is_ended == 1 ? 1 : 0).affected_rows();
}

void Session::copy_out_begin(std::string_view sql) { impl_->begin_copy(sql, PGRES_COPY_OUT); }

std::optional<std::string_view> Session::copy_out_row() {
  char* row = nullptr;
  int bytes = 0;
  while ((bytes = PQgetCopyData(impl_->connection.get(), &row, 1)) == 0) {
    if (!impl_->connection.await()) bytes = -2;
    if (bytes < 0) break;
  }
  impl_->copied_row.reset(row);
  if (bytes > 0) return std::string_view{row, static_cast<std::size_t>(bytes)};
  // At the end stands a result, of success or of the error that ended it.
  impl_->collect(bytes == -1 ? 1 : 0);
  return std::nullopt;
}

bool Session::is_broken() const { return impl_->connection.is_broken(); }

bool Session::in_transaction() const {
  const PGTransactionStatusType status = PQtransactionStatus(impl_->connection.get());
  return status == PQTRANS_INTRANS || status == PQTRANS_INERROR || status == PQTRANS_ACTIVE;
}

int Session::server_version() const { return impl_->connection.version().number; }
int Session::backend_pid() const { return PQbackendPID(impl_->connection.get()); }
const ConnectionParams& Session::params() const { return impl_->connection.params(); }
void Session::cancel() noexcept { impl_->connection.cancel(); }

TransactionBlock::TransactionBlock(Session& session, std::string_view mode) : session_(session) {
  session_.exec("BEGIN " + std::string{mode});
}

TransactionBlock::~TransactionBlock() {
  if (!is_open_) return;
  try {
    rollback();
  } catch (const std::exception&) {
    // The connection is gone, and the server rolls back by itself; the session says so at its next use.
  }
}

void TransactionBlock::commit() {
  if (session_.is_broken()) session_.exec("COMMIT");  // throws: nothing was sent, so nothing is in doubt
  is_open_ = false;
  try {
    const Result result = session_.exec("COMMIT");
    if (result.command_tag() != "COMMIT") {
      throw core::Error{core::ErrorKind::Bug,
                        "a transaction was to be committed after one of its statements had failed"};
    }
  } catch (const core::Error& error) {
    if (!session_.is_broken()) throw;
    throw core::Error{core::ErrorKind::InDoubt, "the connection was lost at COMMIT: " + error.message()}.sqlstate(
        error.sqlstate());
  }
}

void TransactionBlock::rollback() {
  is_open_ = false;
  if (!session_.is_broken()) session_.exec("ROLLBACK");
}

}  // namespace pg
