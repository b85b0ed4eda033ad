#include "core/value.hpp"

namespace core {

std::vector<Value> text_values(std::span<const std::string> texts) {
  std::vector<Value> values;
  values.reserve(texts.size());
  for (const std::string& text : texts) values.push_back(Value::of(text));
  return values;
}

}  // namespace core
