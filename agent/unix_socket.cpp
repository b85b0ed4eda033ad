#include "agent/unix_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include "core/error.hpp"

namespace agent {

namespace {

core::Error failed(const std::string& what, const std::filesystem::path& path, int error) {
  return core::Error(core::ErrorKind::State, what + ": " + std::generic_category().message(error))
      .with("socket", path.string())
      .remedy("check that this user owns the state directory");
}

FileDescriptor make_socket(const std::filesystem::path& path) {
  FileDescriptor socket_fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_fd.is_open()) throw failed("cannot make a socket", path, errno);
  return socket_fd;
}

/// The address of `path`, by way of its opened directory: short however long the path is. `directory` must stay open while the
/// address is used.
sockaddr_un address_of(const std::filesystem::path& path, const FileDescriptor& directory) {
  const std::string name = "/proc/self/fd/" + std::to_string(directory.get()) + "/" + path.filename().string();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.size() >= sizeof address.sun_path) throw failed("the socket's name is too long", path, ENAMETOOLONG);
  std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
  return address;
}

FileDescriptor open_directory(const std::filesystem::path& path) {
  return FileDescriptor(open(path.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

}  // namespace

FileDescriptor listen_at(const std::filesystem::path& path) {
  constexpr int kBacklog = 16;
  FileDescriptor listener = make_socket(path);
  const FileDescriptor directory = open_directory(path);
  if (!directory.is_open()) throw failed("cannot open the state directory", path, errno);
  // On Linux the file takes the mode of the socket, so that it is never open to others, not even for a moment.
  if (fchmod(listener.get(), S_IRUSR | S_IWUSR) != 0) throw failed("cannot protect the control socket", path, errno);
  unlinkat(directory.get(), path.filename().c_str(), 0);
  const sockaddr_un address = address_of(path, directory);
  if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener.get(), kBacklog) != 0) {
    throw failed("cannot listen at the control socket", path, errno);
  }
  return listener;
}

FileDescriptor connect_to(const std::filesystem::path& path) {
  const FileDescriptor directory = open_directory(path);
  if (!directory.is_open()) {
    if (errno == ENOENT || errno == ENOTDIR) return FileDescriptor{};
    throw failed("cannot open the state directory", path, errno);
  }
  FileDescriptor connection = make_socket(path);
  const sockaddr_un address = address_of(path, directory);
  if (connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return connection;
  if (errno == ENOENT || errno == ECONNREFUSED) return FileDescriptor{};
  if (errno == EAGAIN) throw failed("the running agent does not answer", path, errno);
  throw failed("cannot ask the running agent", path, errno);
}

}  // namespace agent
