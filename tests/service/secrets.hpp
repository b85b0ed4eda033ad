#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/service/service_manager.hpp"
#include "tests/support/small_pair.hpp"

namespace service {

/// What must not get out is planted: in every value of every row, in the password of both URLs, in an e-mail that is a table's primary key. All that
/// the agent says in between is kept, by where it was said, and can be searched.
class Secrets : public tests::SmallPair {
 public:
  /// Doctors, patients who refer to them, and subscribers; some that the target refuses, some whose parent is missing.
  Secrets();

  /// In every value of a row but its primary key, in the digits of an out-sized number, and in the passwords.
  static constexpr const char* kSecret = "planted";
  static constexpr const char* kNumber = "987654321012";
  /// In each legacy key of the table whose primary key is an e-mail.
  static constexpr const char* kKey = "natural.key";

  /// The same environment for all that runs: where systemd would be told how it is, and where log files go.
  [[nodiscard]] tests::AgentUnderTest::Environment environment() const;

  /// Runs a command with every line of its log; keeps what it says. What `say_keys` is for may name rows by their keys.
  tests::CommandResult say(const std::vector<std::string>& command);
  tests::CommandResult say_keys(const std::vector<std::string>& command);
  /// Starts `agent run`, as say() does.
  void run();
  /// Ends it with SIGTERM; keeps what it said. The exit code.
  int end_run();

  /// Puts down what other people see now: command lines of the agent's processes, names of its sessions on both servers.
  void look_around();
  /// Puts down the log files, the log of the store, what systemd was told, and the ledger but for what is there to hold rows.
  void look_back();

  /// Every place where a secret or a key was said that must not be there, with the line.
  [[nodiscard]] std::string leaks() const;
  /// How many bytes were kept.
  [[nodiscard]] std::size_t size() const;

 private:
  tests::CommandResult keep(const std::vector<std::string>& command, std::map<std::string, std::string>& out);

  ServiceManager manager_;
  std::map<std::string, std::string> said_;       // by place: free of secrets and of keys
  std::map<std::string, std::string> with_keys_;  // free of secrets
};

}  // namespace service
