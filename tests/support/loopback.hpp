#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstdint>

namespace tests {

/// The address of a port of 127.0.0.1; of any free one with 0.
[[nodiscard]] inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

}  // namespace tests
