#pragma once

#include <boost/test/unit_test.hpp>

#include "core/error.hpp"

/// The statement throws a core::Error of this kind (a name in core::ErrorKind).
#define EXPECT_ERROR(statement, expected_kind)                     \
  BOOST_CHECK_EXCEPTION(static_cast<void>(statement), core::Error, \
                        [](const core::Error& e) { return e.kind() == core::ErrorKind::expected_kind; })
