#pragma once

#include <string>
#include <vector>

#include "tests/support/agent_under_test.hpp"
#include "tests/support/database.hpp"
#include "tests/support/replicated_pair.hpp"

namespace tests {

/// Two servers that every SmallPair of a test program shares; they listen on 127.0.0.1 too. Made at first use.
[[nodiscard]] ReplicatedPair& shared_servers();

/// An empty source database and an empty target database on the shared servers, and an agent with a slot of its own between
/// them. Quick to make, so that each test has its own. The slot goes with it.
struct SmallPair {
  /// `mapping` is the text of mapping.yaml; the schemas are run as the owners of either side. The source's database has another
  /// encoding than its server's default if one is named.
  SmallPair(const std::string& source_schema, const std::string& target_schema, const std::string& mapping,
            const std::string& source_encoding = "");
  ~SmallPair();
  SmallPair(const SmallPair&) = delete;
  SmallPair& operator=(const SmallPair&) = delete;

  std::string name;  ///< of both databases and of the slot
  Database source;   ///< as the legacy application
  Database target;   ///< as the owner of the new schema
  Database source_admin;
  Database target_admin;
  AgentUnderTest agent;

  /// Everything that the source committed so far is on the target when this returns, and no agent runs: the snapshot if it
  /// is not finished, then the stream. Throws std::runtime_error when the agent fails.
  void bring_over() const;
  /// The same, and a validation is on record: a cutover may begin. Throws std::runtime_error when the sides are not equal.
  void make_ready() const;
  /// Throws std::runtime_error when somebody claims more than is on the target: the status more than the checkpoint row, or the slot's
  /// confirmed position more than that row. At any moment, with or without an agent that runs.
  void require_honest() const;
  /// The single value of a query on the target, empty for NULL and for no row.
  [[nodiscard]] std::string on_target(const std::string& query) const;
  /// One counter of one route, from `agent status --json`; also checks that all counters add up.
  [[nodiscard]] long counter(const std::string& route, const std::string& which) const;
};

/// The rows as lines, values divided by '|', NULL as `null`; for comparing and for messages.
[[nodiscard]] std::string as_text(const std::vector<SqlRow>& rows);

/// The first few lines that only one of two such texts has, `-` before those of `expected`, `+` before those of `actual`.
[[nodiscard]] std::string differing_lines(const std::string& expected, const std::string& actual);

}  // namespace tests
