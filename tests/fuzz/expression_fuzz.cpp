// Any bytes as an expression: offsets stay inside the text and in order, refs are cut out cleanly, and a second look at
// the same text sees the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "mapping/expression.hpp"
#include "mapping/volatility.hpp"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const mapping::Expression expression = mapping::parse_expression(text);
  std::size_t done = 0;
  for (const mapping::Token& token : expression.tokens) {
    require(token.begin >= done && token.begin < token.end && token.end <= size);
    done = token.end;
  }
  done = 0;
  for (const mapping::RefCall& ref : expression.refs) {
    require(ref.begin >= done && ref.begin < ref.end && ref.end <= size);
    require(!ref.key.empty());
    done = ref.end;
  }
  for (const mapping::NameUse& use : expression.names) require(use.offset < size);
  for (const mapping::SqlProblem& problem : expression.problems) require(problem.offset <= size);
  require(!expression.problems.empty() || !expression.tokens.empty());
  require(expression.with_refs([&](std::size_t i) {
    return expression.text.substr(expression.refs[i].begin, expression.refs[i].end - expression.refs[i].begin);
  }) == text);
  if (expression.problems.empty()) (void)mapping::volatile_parts(expression, true);
  return 0;
}
