#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mapping {

enum class TokenKind : std::uint8_t {
  Word,    ///< unquoted identifier or keyword, folded to lower case
  Quoted,  ///< "identifier", unquoted
  String,  ///< any string constant: '…', E'…', B'…', $tag$…$tag$; its content, with the escapes of E'…' resolved (but those of characters beyond ASCII)
  Number,
  Parameter,  ///< $1
  Cast,       ///< ::
  Operator,
  Punctuation,  ///< ( ) [ ] , . ; :
};

/// A token of SQL. `text` as described at its kind; `begin` and `end` are byte offsets.
struct Token {
  TokenKind kind = TokenKind::Operator;
  std::string text;
  std::size_t begin = 0;
  std::size_t end = 0;

  [[nodiscard]] bool is_name() const { return kind == TokenKind::Word || kind == TokenKind::Quoted; }
  [[nodiscard]] bool is_word(std::string_view word) const { return kind == TokenKind::Word && text == word; }
  [[nodiscard]] bool is(char punctuation) const {
    return kind == TokenKind::Punctuation && text.size() == 1 && text[0] == punctuation;
  }
};

/// What the tokenizer could not get past.
struct SqlProblem {
  std::string message;
  std::size_t offset = 0;
};

struct TokenList {
  std::vector<Token> tokens;         ///< without comments and white space
  std::vector<SqlProblem> problems;  ///< an unterminated string, identifier or comment; tokens end before it
};

/// Splits SQL as PostgreSQL's lexer does, with standard_conforming_strings on.
[[nodiscard]] TokenList tokenize(std::string_view sql);

}  // namespace mapping
