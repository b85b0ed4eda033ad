#pragma once

#include <string>
#include <vector>

#include "core/transaction.hpp"
#include "replication/assembler.hpp"
#include "replication/memory_held_transactions.hpp"
#include "tests/unit/replication/fixture.hpp"

/// A session fed message by message; everything that comes out is kept.
struct Driver {
  explicit Driver(core::Lsn applied = core::Lsn{1}, replication::PartLimits limits = {})
      : assembler(held, applied, limits) {}

  void feed(const std::string& payload) {
    assembler.feed(payload);
    while (auto part = assembler.next()) parts.push_back(std::move(*part));
  }
  void feed(const std::vector<std::string>& payloads) {
    for (const std::string& payload : payloads) feed(payload);
  }
  void feed(const std::vector<fixture::Payload>& payloads) {
    for (const fixture::Payload& payload : payloads) feed(payload.bytes);
  }

  /// The first column of the new rows of all parts, or `-old` for a deleted row: "1 2 -3".
  [[nodiscard]] std::string keys() const {
    std::string text;
    for (const core::TransactionPart& part : parts)
      text += (text.empty() || part.changes.empty() ? "" : " ") + keys(part);
    return text;
  }
  [[nodiscard]] static std::string keys(const core::TransactionPart& part) {
    std::string text;
    for (const core::Change& change : part.changes) {
      if (!text.empty()) text += ' ';
      if (const auto* insert = std::get_if<core::Insert>(&change.what)) text += insert->row[0].text;
      if (const auto* update = std::get_if<core::Update>(&change.what)) text += update->row[0].text;
      if (const auto* removal = std::get_if<core::Delete>(&change.what))
        text += "-" + std::string{removal->old.row[0].text};
      if (std::holds_alternative<core::Truncate>(change.what)) text += "truncate:" + change.relation->name.name;
    }
    return text;
  }

  replication::MemoryHeldTransactions held;
  replication::Assembler assembler;
  std::vector<core::TransactionPart> parts;
};
