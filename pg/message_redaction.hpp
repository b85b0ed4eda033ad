#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pg {

/// Whether the words before a quoted text can be trusted to announce a name. In SQL that a function composes, a value may
/// stand where a name should (`column "…" does not exist`).
enum class Nouns : std::uint8_t { Trusted, Untrusted };

/// A server's primary message without what may be a row value: everything after a colon goes, and so does everything in quotes that is
/// neither one of `identifiers` nor announced as a name (`relation "…"`, with trusted nouns). Messages that are not plain ASCII are translations,
/// whose quotes and colons cannot be trusted: they are replaced as a whole.
[[nodiscard]] std::string without_values(std::string_view message, const std::vector<std::string>& identifiers,
                                         Nouns nouns = Nouns::Trusted);

/// libpq's complaint about a connection string, without anything that it quotes (it may quote the password).
[[nodiscard]] std::string without_quotes(std::string_view message);

}  // namespace pg
