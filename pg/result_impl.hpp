#pragma once

#include "pg/result.hpp"
#include "pg/result_guard.hpp"

namespace pg {

// Internal to pg/: what a Result is made of.
struct Result::Impl {
  ResultGuard result;
};

[[nodiscard]] inline Result make_result(ResultGuard result) {
  return Result{std::make_shared<const Result::Impl>(Result::Impl{std::move(result)})};
}

}  // namespace pg
