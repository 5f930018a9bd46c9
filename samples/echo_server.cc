// A TCP server on Boost.Asio's coroutines, in one thread: it sends back what it
// gets, counts that under a coroutine::mutex, and serves four connections at a
// time, which a coroutine::semaphore sees to. Eight clients, each a thread of
// its own with blocking calls, send fifty lines each.
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "lockcheck/coroutine.h"
#include "lockcheck/coroutine/asio.h"
#include "lockcheck/lockcheck.h"

namespace asio = boost::asio;
namespace coroutine = lockcheck::coroutine;
using asio::use_awaitable;
using asio::ip::tcp;

static constexpr int kClients = 8, kLines = 50;

struct Server {
  coroutine::semaphore seats{4, "seats"};
  coroutine::mutex statistics{"statistics"};
  int served = 0, lines = 0;
};

static asio::awaitable<void> Serve(Server& server, tcp::socket connection) {
  co_await coroutine::async(server.seats.acquire(), use_awaitable);
  std::string line;
  boost::system::error_code error;
  while (true) {
    const size_t size = co_await asio::async_read_until(
        connection, asio::dynamic_buffer(line), '\n',
        asio::redirect_error(use_awaitable, error));
    if (error) break;
    co_await asio::async_write(connection, asio::buffer(line.data(), size),
                               use_awaitable);
    line.erase(0, size);
    const auto guard =
        co_await coroutine::async_scoped_lock(server.statistics, use_awaitable);
    ++server.lines;
  }
  ++server.served;
  server.seats.release();
}

static asio::awaitable<void> Accept(Server& server, tcp::acceptor& acceptor) {
  for (int i = 0; i < kClients; ++i) {
    tcp::socket connection = co_await acceptor.async_accept(use_awaitable);
    coroutine::co_spawn(acceptor.get_executor(),
                        Serve(server, std::move(connection)), asio::detached,
                        "connection");
  }
}

static void Client(const tcp::endpoint& server) {
  asio::io_context context;
  tcp::socket connection(context);
  connection.connect(server);
  std::string answer;
  for (int i = 0; i < kLines; ++i) {
    const std::string line = "line " + std::to_string(i) + "\n";
    asio::write(connection, asio::buffer(line));
    const size_t size =
        asio::read_until(connection, asio::dynamic_buffer(answer), '\n');
    if (answer.substr(0, size) != line) std::puts("wrong answer");
    answer.erase(0, size);
  }
}

int main() {
  Server server;
  asio::io_context context;
  tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  coroutine::co_spawn(context, Accept(server, acceptor), asio::detached,
                      "accept");
  std::vector<lockcheck::jthread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back(Client, acceptor.local_endpoint());
  }
  coroutine::run(context);
  std::printf("served %d clients, %d lines\n", server.served, server.lines);
}
