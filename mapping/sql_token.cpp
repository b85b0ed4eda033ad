#include "mapping/sql_token.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

namespace mapping {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) {
  // Bytes from 0x80 belong to UTF-8 letters, which PostgreSQL takes in identifiers.
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_word_part(char c) { return is_letter(c) || is_digit(c) || c == '$'; }
bool is_operator(char c) { return std::string_view("+-*/<>=~!@#%^&|`?").find(c) != std::string_view::npos; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

class Tokenizer {
 public:
  explicit Tokenizer(std::string_view sql) : sql_(sql) {}

  TokenList run() && {
    while (skip_space_and_comments() && at_ < sql_.size() && next()) {
    }
    return std::move(list_);
  }

 private:
  [[nodiscard]] char peek(std::size_t ahead = 0) const { return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0'; }

  bool fail(std::string message, std::size_t offset) {
    list_.problems.push_back({std::move(message), offset});
    return false;
  }

  void add(TokenKind kind, std::string text, std::size_t begin) {
    list_.tokens.push_back({kind, std::move(text), begin, at_});
  }

  bool skip_space_and_comments() {
    while (at_ < sql_.size()) {
      if (is_space(peek())) {
        ++at_;
      } else if (peek() == '-' && peek(1) == '-') {
        while (at_ < sql_.size() && peek() != '\n') ++at_;
      } else if (peek() == '/' && peek(1) == '*') {
        if (!skip_block_comment()) return false;
      } else {
        break;
      }
    }
    return true;
  }

  bool skip_block_comment() {
    const std::size_t begin = at_;
    std::size_t depth = 0;  // PostgreSQL's block comments nest
    while (at_ < sql_.size()) {
      if (peek() == '/' && peek(1) == '*') {
        ++depth;
        at_ += 2;
      } else if (peek() == '*' && peek(1) == '/') {
        --depth;
        at_ += 2;
        if (depth == 0) return true;
      } else {
        ++at_;
      }
    }
    return fail("the comment is not closed", begin);
  }

  bool next() {
    const char c = peek();
    if (c == '\0') return fail("a zero byte is not SQL", at_);
    if (c == '\'') return quoted_string(at_, false);
    if (c == '"') return quoted_identifier();
    if (c == '$') return dollar();
    if (is_letter(c)) return word();
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
    if (c == ':' && peek(1) == ':') {
      at_ += 2;
      add(TokenKind::Cast, "::", at_ - 2);
      return true;
    }
    if (is_operator(c)) return operator_sign();
    if (std::string_view("()[],.;:").find(c) == std::string_view::npos) {
      return fail("this character is not SQL", at_);
    }
    ++at_;
    add(TokenKind::Punctuation, std::string(1, c), at_ - 1);
    return true;
  }

  bool word() {
    const std::size_t begin = at_;
    // A letter may belong to the string that follows it at once.
    if (peek(1) == '\'') {
      const char prefix = lower(peek());
      if (prefix == 'e' || prefix == 'b' || prefix == 'x' || prefix == 'n') {
        ++at_;
        return quoted_string(begin, prefix == 'e');
      }
    }
    if (lower(peek()) == 'u' && peek(1) == '&' && (peek(2) == '\'' || peek(2) == '"')) {
      return fail("U& strings and identifiers are not supported here; write the characters themselves", begin);
    }
    std::string text;
    while (at_ < sql_.size() && is_word_part(peek())) text += lower(sql_[at_++]);
    add(TokenKind::Word, std::move(text), begin);
    return true;
  }

  /// What stands for a character behind a backslash, which is passed.
  std::string escape() {
    const std::size_t begin = at_ - 1;
    const char kind = sql_[at_++];
    const auto number = [&](std::size_t from, std::size_t most, int base) {
      const std::size_t end = std::min(from + most, sql_.size());
      unsigned value = 0;
      const auto [stop, error] = std::from_chars(sql_.data() + from, sql_.data() + end, value, base);
      if (error != std::errc{} || value == 0 || value > 0x7F) return std::string(sql_.substr(begin, at_ - begin));
      at_ = static_cast<std::size_t>(stop - sql_.data());
      return std::string(1, static_cast<char>(value));
    };
    switch (kind) {
      case 'b': return "\b";
      case 'f': return "\f";
      case 'n': return "\n";
      case 'r': return "\r";
      case 't': return "\t";
      case 'x': return number(at_, 2, 16);
      case 'u': return number(at_, 4, 16);
      case 'U': return number(at_, 8, 16);
      default: return kind >= '0' && kind <= '7' ? number(at_ - 1, 3, 8) : std::string(1, kind);
    }
  }

  bool quoted_string(std::size_t begin, bool has_escapes) {
    std::string text;
    ++at_;
    while (at_ < sql_.size()) {
      const char c = sql_[at_++];
      if (has_escapes && c == '\\' && at_ < sql_.size()) {
        text += escape();
      } else if (c == '\'' && peek() == '\'') {
        text += sql_[at_++];
      } else if (c == '\'') {
        add(TokenKind::String, std::move(text), begin);
        return true;
      } else {
        text += c;
      }
    }
    return fail("the string is not closed", begin);
  }

  bool quoted_identifier() {
    const std::size_t begin = at_++;
    std::string text;
    while (at_ < sql_.size()) {
      const char c = sql_[at_++];
      if (c == '"' && peek() == '"') {
        text += sql_[at_++];
      } else if (c == '"') {
        if (text.empty()) return fail("an identifier may not be empty", begin);
        add(TokenKind::Quoted, std::move(text), begin);
        return true;
      } else {
        text += c;
      }
    }
    return fail("the quoted identifier is not closed", begin);
  }

  bool dollar() {
    const std::size_t begin = at_;
    if (is_digit(peek(1))) {
      ++at_;
      while (is_digit(peek())) ++at_;
      add(TokenKind::Parameter, std::string(sql_.substr(begin, at_ - begin)), begin);
      return true;
    }
    std::size_t tag_end = at_ + 1;
    while (tag_end < sql_.size() && (is_letter(sql_[tag_end]) || (is_digit(sql_[tag_end]) && tag_end > at_ + 1))) {
      ++tag_end;
    }
    if (tag_end >= sql_.size() || sql_[tag_end] != '$') return fail("this character is not SQL", begin);
    const std::string_view tag = sql_.substr(begin, tag_end + 1 - begin);
    const std::size_t content = tag_end + 1;
    const std::size_t close = sql_.find(tag, content);
    if (close == std::string_view::npos) return fail("the string is not closed", begin);
    at_ = close + tag.size();
    add(TokenKind::String, std::string(sql_.substr(content, close - content)), begin);
    return true;
  }

  bool number() {
    const std::size_t begin = at_;
    while (at_ < sql_.size()) {
      const char c = peek();
      const bool is_exponent_sign =
          (c == '+' || c == '-') && at_ > begin && lower(sql_[at_ - 1]) == 'e' && is_digit(peek(1));
      // `1..2` is a slice's bound in PL/pgSQL only, but two dots never belong to one number.
      const bool is_point = c == '.' && peek(1) != '.';
      if (!is_digit(c) && !is_letter(c) && !is_exponent_sign && !is_point) break;
      ++at_;
    }
    add(TokenKind::Number, std::string(sql_.substr(begin, at_ - begin)), begin);
    return true;
  }

  bool operator_sign() {
    const std::size_t begin = at_;
    // A comment may begin right behind an operator, and then ends it.
    while (at_ < sql_.size() && is_operator(peek()) && !(peek() == '-' && peek(1) == '-') &&
           !(peek() == '/' && peek(1) == '*')) {
      ++at_;
    }
    add(TokenKind::Operator, std::string(sql_.substr(begin, at_ - begin)), begin);
    return true;
  }

  std::string_view sql_;
  std::size_t at_ = 0;
  TokenList list_;
};

}  // namespace

TokenList tokenize(std::string_view sql) { return Tokenizer(sql).run(); }

}  // namespace mapping
