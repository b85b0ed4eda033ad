#include <string_view>

#include "agent/reference.hpp"

namespace agent {

namespace {

/// Text as roff takes it literally: its escapes, hyphens that may be copied, and no line that reads as a request.
std::string roff(std::string_view text) {
  std::string result;
  bool is_line_start = true;
  for (const char c : text) {
    if (is_line_start && (c == '.' || c == '\'')) result += "\\&";
    is_line_start = c == '\n';
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";
    } else {
      result += c;
    }
  }
  return result;
}

/// A paragraph whose lines stay as they are.
std::string paragraph(std::string_view text) {
  if (text.empty()) return {};
  return ".PP\n.nf\n" + roff(text) + "\n.fi\n";
}

std::string title_of(const Reference::Option& option) {
  std::string title;
  for (const std::string& name : option.names) title += (title.empty() ? "\\fB" : ", \\fB") + roff(name) + "\\fR";
  if (!option.value.empty()) title += (title.empty() ? "\\fI" : " \\fI") + roff(option.value) + "\\fR";
  if (option.is_repeatable) title += " ...";
  return title;
}

std::string options_of(const Reference& reference) {
  std::string text;
  for (const Reference::Option& option : reference.options) {
    text += ".TP\n" + title_of(option) + "\n" + roff(option.text) + "\n";
  }
  return text;
}

std::string commands_of(const Reference& reference, const std::string& above) {
  std::string text;
  for (const Reference& command : reference.commands) {
    const std::string name = above.empty() ? command.name : above + " " + command.name;
    text += ".SS " + roff(name) + "\n" + roff(command.text) + "\n";
    text += paragraph(command.footer) + options_of(command) + commands_of(command, name);
  }
  return text;
}

}  // namespace

std::string manual_page(const Reference& program, const std::string& version) {
  const std::string name = roff(program.name);
  return ".TH AGENT 1 \"\" \"dispatch-sync " + roff(version) + "\" \"User Commands\"\n" + ".SH NAME\n" + name +
         " \\- keeps a Supabase database equal to what a mapping makes of a legacy one\n" + ".SH SYNOPSIS\n.B " + name +
         "\n[\\fIOPTION\\fR]... \\fICOMMAND\\fR [\\fIOPTION\\fR]...\n" + ".SH DESCRIPTION\n" + roff(program.text) +
         "\n" + paragraph(program.footer) + ".SH OPTIONS\n" + options_of(program) + ".SH COMMANDS\n" +
         commands_of(program, "") +
         ".SH FILES\n.TP\n.I /etc/dispatch\\-sync/agent.yaml\nThe configuration; what it may hold stands in it, and "
         "in\n"
         ".I /usr/share/doc/dispatch\\-sync/operations.md\n" +
         ".TP\n.I /var/lib/dispatch\\-sync\nThe local state of the service.\n" +
         ".TP\n.I /var/log/dispatch\\-sync\nIts log files.\n" +
         ".SH SEE ALSO\n.BR systemctl (1),\n.BR journalctl (1)\n";
}

}  // namespace agent
