#pragma once

#include <string>

#include "core/catalog.hpp"
#include "pg/catalog.hpp"
#include "pg/session.hpp"

namespace tests {

/// A session as the agent has it: what is prepared in it means what it will mean there.
inline pg::Session agent_session(pg::Side side, const std::string& url) {
  return pg::Session(pg::ConnectionParams::parse(side, url), "test");
}

inline core::Catalog catalog_of(pg::Session& session) { return pg::read_catalog(session, {"public"}); }

}  // namespace tests
