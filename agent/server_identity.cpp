#include "agent/server_identity.hpp"

#include <charconv>
#include <string>

namespace agent {

namespace {

/// The timeline that is written now: the first part of a WAL file's name. A standby cannot name that, and answers with the timeline
/// of its last checkpoint.
constexpr std::string_view kIdentity = R"sql(
select s.system_identifier,
       case when pg_catalog.pg_is_in_recovery()
            then pg_catalog.lpad(pg_catalog.to_hex(c.timeline_id), 8, '0')
            else pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8) end,
       pg_catalog.current_database()
from pg_catalog.pg_control_system() as s, pg_catalog.pg_control_checkpoint() as c
)sql";

}  // namespace

pg::ServerIdentity read_server_identity(pg::Session& session) {
  const pg::Result result = session.exec(kIdentity);
  pg::ServerIdentity identity{.system_identifier = result.text(0, 0), .timeline = 0, .database = result.text(0, 2)};
  const std::string timeline = result.text(0, 1);
  const auto [end, error] = std::from_chars(timeline.data(), timeline.data() + timeline.size(), identity.timeline, 16);
  if (error != std::errc{} || end != timeline.data() + timeline.size()) {
    throw core::Error(core::ErrorKind::Bug, "the server names a timeline that is no number");
  }
  return identity;
}

}  // namespace agent
