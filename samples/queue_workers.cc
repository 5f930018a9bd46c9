// Two clients put orders into a queue with room for four, three workers get
// them; at the end the queue is closed, and nothing is lost. With --deadlock
// two partners fill each other's queue before either looks into its own.
#include <atomic>
#include <cstdio>
#include <cstring>
#include <vector>

#include "lockcheck/lockcheck.h"

using Queue = lockcheck::queue<int>;

static constexpr int kOrders = 500;  // of each client
static std::atomic<int> done{0};
static std::atomic<int> total{0};

static void Order(Queue& orders) {
  for (int i = 1; i <= kOrders; ++i) orders.put(i);
}

static void Work(Queue& orders) {
  try {
    while (true) {
      total += orders.get();
      ++done;
      orders.task_done();
    }
  } catch (const lockcheck::queue_closed&) {
  }
}

static void RunWorkers() {
  Queue orders(4, "orders");
  std::vector<lockcheck::thread> clients;
  std::vector<lockcheck::thread> workers;
  for (int i = 0; i < 2; ++i) clients.emplace_back(Order, std::ref(orders));
  for (int i = 0; i < 3; ++i) workers.emplace_back(Work, std::ref(orders));
  for (lockcheck::thread& client : clients) client.join();
  orders.join();
  orders.close();
  for (lockcheck::thread& worker : workers) worker.join();
  std::printf("%d of %d orders done, sum %d of %d\n", done.load(), 2 * kOrders,
              total.load(), kOrders * (kOrders + 1));
}

static void Chat(const char* name, Queue& mine, Queue& other) {
  lockcheck::this_thread::set_name(name);
  for (int i = 0; i < 3; ++i) other.put(i);
  for (int i = 0; i < 3; ++i) mine.get();
}

static void RunPartners() {
  Queue ann(2, "to ann");
  Queue bob(2, "to bob");
  lockcheck::thread a(Chat, "ann", std::ref(ann), std::ref(bob));
  lockcheck::thread b(Chat, "bob", std::ref(bob), std::ref(ann));
  a.join();
  b.join();
}

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "--deadlock") == 0) {
    RunPartners();
  } else {
    RunWorkers();
  }
}
