#pragma once

#include <functional>
#include <optional>
#include <string>

#include "agent/config.hpp"
#include "agent/environment.hpp"
#include "state/overlay.hpp"
#include "tests/support/agent_under_test.hpp"

/// The local state of an agent that does not run, changed behind its back. For tests that link the agent.
namespace tests {

/// The key of a row whose primary key is one integer.
[[nodiscard]] inline core::RowKey integer_key(std::int64_t value) {
  const std::string text = std::to_string(value);
  const core::Value of = core::Value::of(text);
  const core::KeyType type = core::KeyType::Integer;
  return core::encode_key({&type, 1}, {&of, 1});
}

/// A table of schema public that the plan reads.
[[nodiscard]] inline core::TableId table_called(const mapping::Plan& plan, const std::string& name) {
  return plan.find_table({"public", name})->id;
}

/// As a command of the agent sees it.
[[nodiscard]] inline ::agent::Environment environment_of(const AgentUnderTest& agent) {
  return ::agent::prepare(::agent::load_config(agent.config_file(), ::agent::process_environ()));
}

/// Makes the change and commits it.
inline void spoil(
    const AgentUnderTest& agent,
    const std::function<void(const mapping::Plan& plan, state::Store& store, state::Overlay& overlay)>& change) {
  const ::agent::Environment environment = environment_of(agent);
  const auto store = ::agent::open_store(environment);
  state::Overlay overlay{*store};
  change(environment.plan, *store, overlay);
  overlay.commit(std::nullopt, std::nullopt);
}

}  // namespace tests
