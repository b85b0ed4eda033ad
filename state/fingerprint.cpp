#include "state/fingerprint.hpp"

#include <array>
#include <utility>

#include "core/error.hpp"
#include "state/record.hpp"

namespace state {

namespace {

constexpr std::array<std::pair<const char*, std::string Identity::*>, 6> kFields = {{
    {"source_system_identifier", &Identity::source_system_identifier},
    {"source_database", &Identity::source_database},
    {"target_system_identifier", &Identity::target_system_identifier},
    {"target_database", &Identity::target_database},
    {"slot", &Identity::slot},
    {"publication", &Identity::publication},
}};

}  // namespace

std::string encode_fingerprint(const Fingerprint& fingerprint) {
  std::string bytes;
  append_u32(bytes, kFormatVersion);
  for (const auto& [name, field] : kFields) append_text(bytes, fingerprint.identity.*field);
  append_text(bytes, fingerprint.layout);
  return bytes;
}

Fingerprint decode_fingerprint(std::string_view bytes) {
  RecordCursor cursor{bytes};
  const std::uint32_t version = cursor.u32();
  if (version < kOldestVersion || version > kFormatVersion) {
    throw core::Error{core::ErrorKind::State, "the state directory is of another format version"}
        .with("found", std::to_string(version))
        .with("supported", std::to_string(kFormatVersion))
        .remedy(
            "use the agent that wrote it, or remove the directory: it is rebuilt from the target's ledger and the "
            "source by a differential snapshot");
  }
  Fingerprint fingerprint;
  for (const auto& [name, field] : kFields) fingerprint.identity.*field = cursor.text();
  fingerprint.layout = cursor.text();
  cursor.expect_end();
  return fingerprint;
}

void expect_same_identity(const Identity& stored, const Identity& given) {
  if (stored == given) return;
  core::Error error{core::ErrorKind::State, "the state directory belongs to another pair of databases"};
  for (const auto& [name, field] : kFields) {
    if (stored.*field == given.*field) continue;
    error.with(std::string{"stored_"} + name, stored.*field).with(std::string{"given_"} + name, given.*field);
  }
  error.remedy("check the configured connections; if they are right, give this pair a state directory of its own");
  throw error;
}

}  // namespace state
