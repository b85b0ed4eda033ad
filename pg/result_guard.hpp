#pragma once

#include <libpq-fe.h>

#include <memory>

namespace pg {

// Internal to pg/: owners of what libpq hands out. No libpq type appears in the headers that other folders include.

struct ResultDeleter {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using ResultGuard = std::unique_ptr<PGresult, ResultDeleter>;

struct ConnectionDeleter {
  void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
};
using ConnectionGuard = std::unique_ptr<PGconn, ConnectionDeleter>;

struct CancelDeleter {
  void operator()(PGcancel* cancel) const noexcept { PQfreeCancel(cancel); }
};
using CancelGuard = std::unique_ptr<PGcancel, CancelDeleter>;

struct ConninfoDeleter {
  void operator()(PQconninfoOption* options) const noexcept { PQconninfoFree(options); }
};
using ConninfoGuard = std::unique_ptr<PQconninfoOption, ConninfoDeleter>;

struct MemoryDeleter {
  void operator()(char* memory) const noexcept { PQfreemem(memory); }
};
/// Text that libpq allocated: error messages, rows of COPY.
using TextGuard = std::unique_ptr<char, MemoryDeleter>;

}  // namespace pg
