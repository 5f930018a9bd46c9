#include "samples/levels/work.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <thread>

namespace levels {
namespace {

int Checked(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void SendOne(int connection) {
  const char byte = 0;
  Checked(static_cast<int>(send(connection, &byte, 1, MSG_NOSIGNAL)), "send");
}

bool ReceiveOne(int connection) {
  char byte;
  return recv(connection, &byte, 1, 0) == 1;
}

void Answer(int connection) {
  while (ReceiveOne(connection)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    SendOne(connection);
  }
  close(connection);
}

void Serve(int listening) {
  while (true) {
    const int connection = accept(listening, nullptr, nullptr);
    if (connection < 0) return;
    std::thread(Answer, connection).detach();
  }
}

}  // namespace

Work::Work() {
  std::string pattern =
      std::filesystem::temp_directory_path() / "lockcheck-levels-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) Checked(-1, "mkdtemp");
  folder_ = pattern;

  const int listening = Checked(socket(AF_INET, SOCK_STREAM, 0), "socket");
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  Checked(bind(listening, plain, size), "bind");
  Checked(listen(listening, 64), "listen");
  Checked(getsockname(listening, plain, &size), "getsockname");
  port_ = ntohs(address.sin_port);
  server_ = lockcheck::process::child([listening] { Serve(listening); });
  close(listening);
}

Work::~Work() {
  server_.kill();
  server_.join();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void Work::Compute() const {
  uint64_t x = port_;
  for (int i = 0; i < 20'000'000; ++i) {
    x = x * 6364136223846793005 + 1442695040888963407;
  }
  volatile uint64_t kept = x;
  static_cast<void>(kept);
}

int Work::Connect() const {
  const int connection = Checked(socket(AF_INET, SOCK_STREAM, 0), "socket");
  const sockaddr_in address = Loopback(port_);
  Checked(connect(connection, reinterpret_cast<const sockaddr*>(&address),
                  sizeof(address)),
          "connect");
  const int yes = 1;
  setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  return connection;
}

void Work::Ask(int connection) { SendOne(connection); }

void Work::AwaitAnswer(int connection) {
  if (!ReceiveOne(connection)) {
    throw std::runtime_error("levels: the server has gone");
  }
}

void Work::WriteDurably(int number) const {
  const std::string path = folder_ + "/" + std::to_string(number);
  const int file =
      Checked(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), "open");
  const char block[4096] = {};
  Checked(static_cast<int>(write(file, block, sizeof(block))), "write");
  Checked(fsync(file), "fsync");
  close(file);
}

}  // namespace levels
