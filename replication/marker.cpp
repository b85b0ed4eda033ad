#include "replication/marker.hpp"

#include <string>

#include "core/error.hpp"
#include "pg/server_version.hpp"

namespace replication {

namespace {

core::Lsn read_lsn(const pg::Result& result) {
  const auto lsn = core::Lsn::parse(result.text(0, 0));
  if (!lsn) throw core::Error{core::ErrorKind::Protocol, "the source gave no position for a marker"};
  return *lsn;
}

}  // namespace

Marker emit_marker(pg::Session& session, std::string_view content) {
  Marker marker;
  // Read first: what is written after it takes decoding past this position even when the source is quiet otherwise.
  marker.barrier_lsn = read_lsn(session.exec("select pg_catalog.pg_current_wal_insert_lsn()"));
  marker.message_lsn = read_lsn(session.exec("select pg_catalog.pg_logical_emit_message(true, $1, $2::pg_catalog.text)",
                                             {kMarkerPrefix, content}));
  marker.arrives_in_stream = pg::ServerVersion{session.server_version()}.has_messages();
  return marker;
}

}  // namespace replication
