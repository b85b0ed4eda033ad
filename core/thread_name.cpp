#include "core/thread_name.hpp"

#include <utility>

namespace core {

namespace {

std::string& name_of_this_thread() {
  thread_local std::string name = "main";
  return name;
}

}  // namespace

void name_thread(std::string name) { name_of_this_thread() = std::move(name); }

const std::string& thread_name() { return name_of_this_thread(); }

}  // namespace core
