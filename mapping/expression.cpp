#include "mapping/expression.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace mapping {

namespace {

// Words that go on a type name: `double precision`, `timestamp with time zone`.
constexpr std::array<std::string_view, 6> kTypeWords = {"precision", "varying", "with", "without", "time", "zone"};

class Analysis {
 public:
  explicit Analysis(std::string_view text) {
    expression_.text = std::string(text);
    TokenList list = tokenize(text);
    expression_.tokens = std::move(list.tokens);
    expression_.problems = std::move(list.problems);
  }

  Expression run() && {
    if (expression_.problems.empty() && tokens().empty()) problem("the expression is empty", 0);
    if (expression_.problems.empty()) check_brackets();
    if (expression_.problems.empty()) {
      for (std::size_t i = 0; i < tokens().size();) i = visit(i);
      expression_.shape = shape();
    }
    return std::move(expression_);
  }

 private:
  // `schema.name`, `alias.column`, `name`: tokens [first, end).
  struct Chain {
    std::size_t first = 0;
    std::size_t end = 0;
    std::vector<std::string> parts;
  };

  [[nodiscard]] const std::vector<Token>& tokens() const { return expression_.tokens; }
  [[nodiscard]] bool is(std::size_t i, char punctuation) const {
    return i < tokens().size() && tokens()[i].is(punctuation);
  }
  [[nodiscard]] bool is_name(std::size_t i) const { return i < tokens().size() && tokens()[i].is_name(); }
  [[nodiscard]] bool is_kind(std::size_t i, TokenKind kind) const {
    return i < tokens().size() && tokens()[i].kind == kind;
  }
  [[nodiscard]] bool is_word(std::size_t i, std::string_view word) const {
    return i < tokens().size() && tokens()[i].is_word(word);
  }

  void problem(std::string message, std::size_t offset) {
    expression_.problems.push_back({std::move(message), offset});
  }

  // Balanced brackets, and nothing that ends a statement: so an expression stays where the statement puts it.
  void check_brackets() {
    std::vector<const Token*> open;
    for (const Token& token : tokens()) {
      if (token.is(';')) return problem("';' has no place in an expression", token.begin);
      if (token.kind == TokenKind::Parameter) return problem("parameters have no place in an expression", token.begin);
      if (token.is('(') || token.is('[')) open.push_back(&token);
      if (!token.is(')') && !token.is(']')) continue;
      const char expected = token.is(')') ? '(' : '[';
      if (open.empty() || !open.back()->is(expected))
        return problem("'" + token.text + "' closes nothing", token.begin);
      open.pop_back();
    }
    if (!open.empty()) problem("'" + open.back()->text + "' is not closed", open.back()->begin);
  }

  std::size_t visit(std::size_t i) {
    if (is_kind(i, TokenKind::Cast)) return after_type(i + 1);
    if (!is_name(i)) return i + 1;
    if (is_word(i, "ref") && is(i + 1, '(') && !(i > 0 && is(i - 1, '.'))) return ref_call(i);
    if (is_word(i, "as") && is_name(i + 1)) return after_type(i + 1);
    if (is_word(i, "select") || is_word(i, "values") || is_word(i, "table")) expression_.has_query = true;
    const Chain chain = chain_at(i);
    // `(record).field` and `array[1].field`: a field, not a column.
    if (i > 0 && is(i - 1, '.')) return chain.end;
    if (is(chain.end, '(')) {
      expression_.functions.push_back({chain.parts.size() > 1 ? chain.parts[chain.parts.size() - 2] : std::string{},
                                       chain.parts.back(), tokens()[i].begin});
    } else if (is(chain.end, '.')) {
      problem("'" + chain.parts.front() + ".*' is not supported: name the columns", tokens()[i].begin);
    } else if (chain.parts.size() > 2) {
      problem("a column is written as column or alias.column", tokens()[i].begin);
    } else {
      add_name(chain);
    }
    return chain.end;
  }

  void add_name(const Chain& chain) {
    const Token& token = tokens()[chain.first];
    if (chain.parts.size() == 2) {
      expression_.names.push_back({chain.parts[0], chain.parts[1], token.begin, true});
      return;
    }
    // `date '2020-01-01'` is a type, `extract(year FROM …)` a field, `f(name => 1)` an argument.
    const bool is_type = is_kind(chain.end, TokenKind::String);
    const bool is_field = chain.first > 1 && is(chain.first - 1, '(') && is_word(chain.first - 2, "extract");
    const bool is_argument = is_kind(chain.end, TokenKind::Operator) && tokens()[chain.end].text == "=>";
    expression_.names.push_back({{}, chain.parts[0], token.begin, !is_type && !is_field && !is_argument});
  }

  [[nodiscard]] Chain chain_at(std::size_t first) const {
    Chain chain{first, first + 1, {tokens()[first].text}};
    while (is(chain.end, '.') && is_name(chain.end + 1)) {
      chain.parts.push_back(tokens()[chain.end + 1].text);
      chain.end += 2;
    }
    return chain;
  }

  // A type name holds no columns, whatever its words look like.
  [[nodiscard]] std::size_t after_type(std::size_t first) const {
    if (!is_name(first)) return first;
    std::size_t end = chain_at(first).end;
    while (end < tokens().size() && tokens()[end].kind == TokenKind::Word &&
           std::find(kTypeWords.begin(), kTypeWords.end(), tokens()[end].text) != kTypeWords.end()) {
      ++end;
    }
    return end;
  }

  std::size_t ref_call(std::size_t first) {
    RefCall call;
    call.begin = tokens()[first].begin;
    std::size_t i = first + 2;
    if (!is_kind(i, TokenKind::String) || tokens()[i].end - tokens()[i].begin != tokens()[i].text.size() + 2) {
      problem("ref() takes the entity's name in single quotes first: ref('entity', column)", call.begin);
      return i;
    }
    call.entity = tokens()[i].text;
    ++i;
    while (is(i, ',') && is_name(i + 1)) {
      const Chain chain = chain_at(i + 1);
      if (chain.parts.size() > 2) break;
      const bool is_qualified = chain.parts.size() == 2;
      call.key.push_back(
          {is_qualified ? chain.parts[0] : std::string{}, chain.parts.back(), tokens()[i + 1].begin, true});
      i = chain.end;
    }
    if (!is(i, ')') || call.key.empty()) {
      problem("ref() takes columns, not expressions: ref('entity', column, alias.column, …)",
              i < tokens().size() ? tokens()[i].begin : call.begin);
      return i;
    }
    call.end = tokens()[i].end;
    expression_.refs.push_back(std::move(call));
    return i + 1;
  }

  [[nodiscard]] ExpressionShape shape() const {
    std::size_t first = 0;
    std::size_t last = tokens().size();
    while (last - first > 2 && is(first, '(') && is(last - 1, ')') && closes(first, last - 1)) {
      ++first;
      --last;
    }
    const std::size_t begin = tokens()[first].begin;
    const std::size_t end = tokens()[last - 1].end;
    if (last - first == 1 && (is_kind(first, TokenKind::String) || is_word(first, "null")))
      return ExpressionShape::Literal;
    if (expression_.refs.size() == 1 && expression_.refs[0].begin == begin && expression_.refs[0].end == end) {
      return ExpressionShape::Ref;
    }
    const bool is_one_name = expression_.names.size() == 1 && expression_.names[0].offset == begin && is_name(first) &&
                             chain_at(first).end == last;
    return is_one_name ? ExpressionShape::Name : ExpressionShape::General;
  }

  // Whether the bracket at `open` is closed by the one at `close`.
  [[nodiscard]] bool closes(std::size_t open, std::size_t close) const {
    std::size_t depth = 0;
    for (std::size_t i = open; i < close; ++i) {
      if (is(i, '(')) ++depth;
      if (is(i, ')')) --depth;
      if (depth == 0) return false;
    }
    return true;
  }

  Expression expression_;
};

}  // namespace

Expression parse_expression(std::string_view text) { return Analysis(text).run(); }

}  // namespace mapping
