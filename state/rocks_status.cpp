#include "state/rocks_status.hpp"

#include <rocksdb/status.h>

namespace state {

namespace {

constexpr const char* kRebuild =
    "remove the directory: it is rebuilt from the target's ledger and the source by a differential snapshot";

}  // namespace

core::Error damaged(const std::string& detail) {
  return core::Error{core::ErrorKind::State, "the state directory is damaged: " + detail}.remedy(kRebuild);
}

void check(const rocksdb::Status& status, std::string_view action) {
  if (status.ok()) return;
  const std::string doing{action};
  if (status.IsNoSpace()) {
    throw core::Error{core::ErrorKind::State, "the disk of the state directory is full"}
        .with("action", doing)
        .remedy("free some space; the agent goes on by itself")
        .transient();
  }
  // RocksDB's own text of a corruption may quote keys, so it is not passed on.
  if (status.IsCorruption())
    throw damaged("its bytes do not match their checksums or each other").with("action", doing);
  if (status.IsIOError()) {
    throw core::Error{core::ErrorKind::State, "the state directory cannot be read or written: " + status.ToString()}
        .with("action", doing)
        .remedy(
            "check the disk and the directory's permissions; if a file is missing, remove the whole directory: it is "
            "rebuilt from the target's ledger and the source by a differential snapshot");
  }
  throw core::Error{core::ErrorKind::State, "the state store refused: " + status.ToString()}.with("action", doing);
}

}  // namespace state
