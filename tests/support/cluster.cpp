#include "tests/support/cluster.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <stdexcept>
#include <string_view>

#include "tests/support/loopback.hpp"
#include "tests/support/system_error.hpp"
#include "tests/support/wait.hpp"

namespace tests {

namespace {

namespace fs = std::filesystem;

constexpr std::uint16_t kSocketPort =
    5432;  // only part of the socket's file name, which lies in a directory of its own
constexpr std::chrono::seconds kPatience{60};  // for start (recovery included) and stop

constexpr const char* kDebianBinDir = "/usr/lib/postgresql/15/bin";

/// The directory that a variable names, or the other one.
fs::path dir_from(const char* variable, const fs::path& otherwise) {
  const char* const chosen = std::getenv(variable);
  return chosen != nullptr && *chosen != '\0' ? fs::path(chosen) : otherwise;
}

fs::path default_bin_dir() { return dir_from("PG_BINDIR", kDebianBinDir); }

bool has_program(const fs::path& dir, const char* name) { return access((dir / name).c_str(), X_OK) == 0; }

void require_server(const fs::path& bin_dir) {
  for (const char* program : {"postgres", "initdb"}) {
    if (!has_program(bin_dir, program)) {
      throw std::runtime_error("no " + std::string(program) + " in " + bin_dir.string() +
                               ": these tests need a PostgreSQL server. Run scripts/setup-debian (it installs "
                               "postgresql-15), or set PG_BINDIR to the directory that has it.");
    }
  }
}

/// The user to run the server as: nobody else unless we are root, as whom it refuses to run.
std::optional<UserIds> server_user() {
  if (geteuid() != 0) {
    return std::nullopt;
  }
  const passwd* entry = getpwnam("postgres");
  if (entry == nullptr) {
    throw std::runtime_error("PostgreSQL does not run as root and there is no user postgres: run scripts/setup-debian");
  }
  return UserIds{entry->pw_uid, entry->pw_gid};
}

void give_to(const fs::path& path, const std::optional<UserIds>& user) {
  if (user && chown(path.c_str(), user->uid, user->gid) == -1) {
    throw_errno("chown " + path.string());
  }
}

/// The directory of templates and locks, one per user who runs tests. Its name can be guessed, so it must be ours.
fs::path cache_dir(const std::optional<UserIds>& user) {
  const uid_t owner = user ? user->uid : geteuid();
  const char* configured = std::getenv("XDG_CACHE_HOME");
  // As root the cache of root's home would be out of reach for the server's user.
  fs::path path = configured != nullptr && *configured == '/' && !user
                      ? fs::path(configured) / "dispatch-sync-test"
                      : fs::path("/tmp/dispatch-sync-test-" + std::to_string(owner));
  fs::create_directories(path.parent_path());
  if (mkdir(path.c_str(), 0755) == 0) {
    give_to(path, user);
  } else if (errno != EEXIST) {
    throw_errno("make " + path.string());
  }
  struct stat found {};
  if (lstat(path.c_str(), &found) == -1 || !S_ISDIR(found.st_mode) ||
      (found.st_uid != owner && found.st_uid != geteuid())) {
    throw std::runtime_error(path.string() + " belongs to somebody else; remove it");
  }
  return path;
}

/// A lock file, held until closed, also by the death of the process. -1 when `must_wait` is false and somebody else has
/// it.
int lock_file(const fs::path& path, bool must_wait) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd == -1) {
    throw_errno("open " + path.string());
  }
  if (flock(fd, LOCK_EX | (must_wait ? 0 : LOCK_NB)) == -1) {
    close(fd);
    if (must_wait || errno != EWOULDBLOCK) {
      throw_errno("lock " + path.string());
    }
    return -1;
  }
  return fd;
}

void init_db(const ClusterOptions& options, const fs::path& data, const std::optional<UserIds>& user) {
  run({.program = options.bin_dir / "initdb",
       .args = {"--pgdata=" + data.string(), "--username=" + options.superuser, "--auth=trust", "--encoding=UTF8",
                "--locale=C.UTF-8", "--no-sync"},
       .directory = "/",
       .user = user});
}

void copy_tree(const fs::path& from, const fs::path& to, const std::optional<UserIds>& user) {
  run({.program = "/bin/cp",
       .args = {"-a", "--reflink=auto", from.string(), to.string()},
       .directory = "/",
       .user = user});
}

/// Makes the data directory: a copy of the template of this server version and superuser, which is made first where it
/// is missing.
void make_data_dir(const ClusterOptions& options, const fs::path& data, const std::optional<UserIds>& user) {
  if (options.has_own_identity) {
    init_db(options, data, user);
    return;
  }
  if (!options.backup_of.empty()) {
    run({.program = options.bin_dir / "pg_basebackup",
         .args = {"--dbname=" + options.backup_of, "--pgdata=" + data.string(), "--checkpoint=fast", "--no-sync"},
         .directory = "/",
         .user = user});
    std::ofstream(data / (options.follows ? "standby.signal" : "recovery.signal")).flush();
    return;
  }
  if (options.image_of != nullptr) {
    copy_tree(options.image_of->data_dir(), data, user);
    for (const auto& slot : fs::directory_iterator(data / "pg_replslot")) fs::remove_all(slot);
    std::ofstream(data / "standby.signal").flush();
    return;
  }
  const std::string version =
      run({.program = options.bin_dir / "postgres", .args = {"--version"}, .directory = "/", .user = user});
  std::string key = version + options.superuser;
  std::ranges::replace_if(
      key, [](unsigned char c) { return std::isalnum(c) == 0 && c != '.'; }, '-');
  const fs::path cache = cache_dir(user);
  const fs::path original = cache / key;
  const int lock = lock_file(cache / (key + ".lock"), true);
  if (!fs::exists(original)) {
    const fs::path unfinished = cache / (key + ".new");
    fs::remove_all(unfinished);
    init_db(options, unfinished, user);
    fs::rename(unfinished, original);
  }
  close(lock);
  copy_tree(original, data, user);
}

/// Below the range from which the kernel takes ports for outgoing connections: there, a client that tries again while
/// the server is down could be given the server's port, and connect to itself.
constexpr std::uint16_t kFirstPort = 20000;
constexpr std::uint16_t kPortCount = 10000;

bool is_port_free(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd == -1) {
    throw_errno("socket");
  }
  const int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const sockaddr_in address = loopback(port);
  const bool is_free = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(fd);
  return is_free;
}

/// A free port and the lock that keeps other tests from it.
std::pair<std::uint16_t, int> lease_port(const std::optional<UserIds>& user) {
  const fs::path cache = cache_dir(user);
  const auto start = static_cast<std::uint16_t>(getpid() % kPortCount);
  for (std::uint16_t i = 0; i < kPortCount; ++i) {
    const auto port = static_cast<std::uint16_t>(kFirstPort + (start + i) % kPortCount);
    const int lock = lock_file(cache / ("port-" + std::to_string(port) + ".lock"), false);
    if (lock == -1) {
      continue;
    }
    if (is_port_free(port)) {
      return {port, lock};
    }
    close(lock);
  }
  throw std::runtime_error("no free port on 127.0.0.1");
}

void append(const fs::path& path, const std::vector<std::string>& lines) {
  std::ofstream file(path, std::ios::app);
  for (const std::string& line : lines) {
    file << line << '\n';
  }
  if (!file.flush()) {
    throw std::runtime_error("cannot write " + path.string());
  }
}

}  // namespace

fs::path source_bin_dir() { return dir_from("TEST_SOURCE_BINDIR", default_bin_dir()); }
fs::path target_bin_dir() { return dir_from("TEST_TARGET_BINDIR", default_bin_dir()); }

Cluster::Cluster(ClusterOptions options)
    : options_(std::move(options)), directory_(options_.name), server_user_(server_user()), port_(kSocketPort) {
  if (options_.bin_dir.empty()) {
    options_.bin_dir = default_bin_dir();
  }
  require_server(options_.bin_dir);
  give_to(directory_.path(), server_user_);
  make_data_dir(options_, data_dir(), server_user_);
  if (options_.listens_on_loopback) {
    std::tie(port_, port_lock_) = lease_port(server_user_);
  }

  append(data_dir() / "postgresql.conf",
         {"unix_socket_directories = '" + directory_.path().string() + "'",
          options_.listens_on_loopback ? "listen_addresses = '127.0.0.1'" : "listen_addresses = ''",
          "port = " + std::to_string(port_), "wal_level = " + options_.wal_level,
          // Throw-away: a crash of the machine may lose it. The price of durability is for benchmarks to ask for.
          "fsync = off", "full_page_writes = off", "shared_buffers = 64MB", "max_connections = 60",
          "log_line_prefix = '%m [%p] %q%u@%d %a: '"});
  if (major_version() >= 11) append(data_dir() / "postgresql.conf", {"jit = off"});
  if (!options_.backup_of.empty()) {
    append(data_dir() / "postgresql.conf",
           {options_.follows ? "primary_conninfo = '" + options_.backup_of + "'" : "restore_command = '/bin/false'"});
  }
  if (options_.image_of != nullptr) {
    append(data_dir() / "postgresql.conf", {"primary_conninfo = '" + options_.image_of->url() + "'"});
  }
  append(data_dir() / "postgresql.conf", options_.conf);
  if (!options_.hba.empty()) {
    const fs::path path = data_dir() / "pg_hba.conf";
    std::ofstream(path, std::ios::trunc).flush();
    append(path, options_.hba);
    append(path, {"local all all trust", "local replication all trust", "host all all 127.0.0.1/32 trust",
                  "host replication all 127.0.0.1/32 trust"});
  }
  start();
}

Cluster::~Cluster() {
  if (server_ && server_->is_running()) {
    server_->kill(SIGQUIT);
    try {
      server_->wait(kPatience);
    } catch (const std::exception&) {
      // Process kills what does not want to end.
    }
  }
  server_.reset();
  if (port_lock_ != -1) {
    close(port_lock_);
  }
}

std::string Cluster::url(const std::string& database, const std::string& user) const {
  return "postgresql://" + (user.empty() ? options_.superuser : user) + "@/" + database +
         "?host=" + directory_.path().string() + "&port=" + std::to_string(port_);
}

std::string Cluster::tcp_url(const std::string& database, const std::string& user, const std::string& password) const {
  if (!options_.listens_on_loopback) {
    throw std::logic_error("this cluster was not told to listen on 127.0.0.1 (listens_on_loopback)");
  }
  return "postgresql://" + (user.empty() ? options_.superuser : user) + (password.empty() ? "" : ":" + password) +
         "@127.0.0.1:" + std::to_string(port_) + "/" + database;
}

Database Cluster::database(const std::string& database, const std::string& user) const {
  return {url(database, user), client_dir()};
}

fs::path Cluster::client_dir() const {
  return has_program(options_.bin_dir, "psql") ? options_.bin_dir : fs::path(kDebianBinDir);
}

int Cluster::major_version() const {
  std::ifstream file(data_dir() / "PG_VERSION");
  int version = 0;
  if (!(file >> version)) throw std::runtime_error("no version in " + (data_dir() / "PG_VERSION").string());
  return version;
}

void Cluster::stop(StopMode mode) {
  if (!is_running()) {
    return;
  }
  server_->kill(mode == StopMode::Fast ? SIGINT : SIGQUIT);
  server_->wait(kPatience);
}

void Cluster::start() {
  if (is_running()) {
    throw std::logic_error("the server is running already");
  }
  server_ = std::make_unique<Process>(ProcessOptions{.program = options_.bin_dir / "postgres",
                                                     .args = {"-D", data_dir().string()},
                                                     .unset = {"PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGOPTIONS"},
                                                     .directory = "/",
                                                     .user = server_user_,
                                                     // An immediate shutdown, which frees the shared memory as well.
                                                     .death_signal = SIGQUIT});
  const auto is_ready = [&] {
    if (!server_->is_running()) {
      throw std::runtime_error("the server does not start:\n" + server_->err());
    }
    try {
      Sql connection(url());
      return true;
    } catch (const SqlError&) {
      return false;
    }
  };
  wait_until(is_ready, "a connection to " + url(), kPatience);
}

void Cluster::restart(StopMode mode) {
  stop(mode);
  start();
}

void Cluster::reload() {
  const Database admin = database();
  const auto loaded_at = [&] { return admin.query_value("SELECT pg_conf_load_time()::text"); };
  const auto before = loaded_at();
  admin.exec("SELECT pg_reload_conf()");
  wait_until([&] { return loaded_at() != before; }, "the server to read its configuration again");
}

void Cluster::add_conf(const std::string& line) { append(data_dir() / "postgresql.conf", {line}); }

void Cluster::promote() const { database().exec("SELECT pg_promote(true, 60)"); }

void Cluster::save_image() const {
  fs::remove_all(directory_.path() / "image");
  copy_tree(data_dir(), directory_.path() / "image", server_user_);
}

void Cluster::restore_image() const {
  fs::remove_all(data_dir());
  copy_tree(directory_.path() / "image", data_dir(), server_user_);
}

void Cluster::take_slot(const Cluster& from, const std::string& slot) const {
  copy_tree(from.data_dir() / "pg_replslot" / slot, data_dir() / "pg_replslot" / slot, server_user_);
}

bool Cluster::is_running() { return server_ && server_->is_running(); }

std::string Cluster::log() const { return server_ ? server_->err() : ""; }

}  // namespace tests
