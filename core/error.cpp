#include "core/error.hpp"

#include <algorithm>

namespace core {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Usage: return "usage";
    case ErrorKind::Config: return "configuration";
    case ErrorKind::Mapping: return "mapping";
    case ErrorKind::Source: return "source";
    case ErrorKind::Target: return "target";
    case ErrorKind::InDoubt: return "in doubt";
    case ErrorKind::Data: return "data";
    case ErrorKind::Protocol: return "protocol";
    case ErrorKind::Refused: return "refused";
    case ErrorKind::State: return "state";
    case ErrorKind::Bug: return "bug";
  }
  return "unknown";
}

Error::Error(ErrorKind kind, std::string what) : kind_(kind), message_(std::move(what)) { compose(); }

Error& Error::with(std::string name, std::string value) & {
  context_.emplace_back(std::move(name), std::move(value));
  compose();
  return *this;
}
Error&& Error::with(std::string name, std::string value) && {
  return std::move(with(std::move(name), std::move(value)));
}

Error& Error::remedy(std::string text) & {
  remedy_ = std::move(text);
  compose();
  return *this;
}
Error&& Error::remedy(std::string text) && { return std::move(remedy(std::move(text))); }

Error& Error::sqlstate(std::string code) & {
  sqlstate_ = std::move(code);
  compose();
  return *this;
}
Error&& Error::sqlstate(std::string code) && { return std::move(sqlstate(std::move(code))); }

Error& Error::transient() & {
  transient_ = true;
  return *this;
}
Error&& Error::transient() && { return std::move(transient()); }

std::string_view Error::context(std::string_view name) const {
  const auto entry =
      std::find_if(context_.begin(), context_.end(), [&](const auto& pair) { return pair.first == name; });
  return entry == context_.end() ? std::string_view{} : std::string_view{entry->second};
}

void Error::compose() {
  text_ = message_;
  if (!sqlstate_.empty()) text_ += " (SQLSTATE " + sqlstate_ + ")";
  for (const auto& [name, value] : context_) text_ += " " + name + "=" + value;
  if (!remedy_.empty()) text_ += "; " + remedy_;
}

}  // namespace core
