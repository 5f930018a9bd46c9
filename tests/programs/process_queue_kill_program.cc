// Producers and consumers of a queue between processes are killed at random
// moments, in their waits too.
//   process_queue_kill_program SEED KILLS
// Prints how many items were put, and got by somebody who lived to say so, and
// how many were torn or came twice. Ends with another status than 0 if the
// queue does not work any more.
#include <lockcheck/process.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace {

using lockcheck::process::child;
using Queue = lockcheck::process::queue<std::string>;

constexpr int kMostProducers = 4'000, kMostItems = 16'384;

struct Shared {
  // Of each producer: how many it has put, and a bit for each that was got.
  std::atomic<int> put[kMostProducers];
  std::atomic<uint8_t> seen[kMostProducers][kMostItems / 8];
  std::atomic<long> got{0};
  std::atomic<int> wrong{0};
  std::atomic<long> rounds{0};
};

void Turn(uint32_t turns) {
  for (; turns > 0; --turns) asm volatile("" ::: "memory");
}

// Its producer and its number, and as many bytes of the number's letter.
std::string Item(int producer, int number) {
  return std::to_string(producer) + " " + std::to_string(number) + " " +
         std::string(static_cast<size_t>(number % 300),
                     static_cast<char>('a' + number % 26));
}

void Produce(Queue& queue, Shared& s, int producer) {
  for (int number = 1;; ++number) {
    queue.put(Item(producer, number));
    s.put[producer] = number;
    ++s.rounds;
    Turn(2'000);
  }
}

void Check(Shared& s, const std::string& item) {
  int producer = -1, number = -1;
  if (sscanf(item.c_str(), "%d %d", &producer, &number) != 2 || producer < 0 ||
      producer >= kMostProducers || item != Item(producer, number)) {
    ++s.wrong;
    return;
  }
  if (number < kMostItems) {
    const auto bit = static_cast<uint8_t>(1 << number % 8);
    if ((s.seen[producer][number / 8].fetch_or(bit) & bit) != 0) ++s.wrong;
  }
  ++s.got;
}

void Consume(Queue& queue, Shared& s) {
  while (true) {
    Check(s, queue.get());
    queue.task_done();
    Turn(2'000);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  std::mt19937 random(
      static_cast<uint32_t>(std::strtoul(argv[1], nullptr, 10)));
  const int kills = std::atoi(argv[2]);
  Queue queue(3, lockcheck::process::item_bytes(400), "queue");
  lockcheck::process::shared<Shared> s;
  int producers = 0;
  const auto produce = [&] {
    const int mine = producers++;
    return child([&, mine] { Produce(queue, *s, mine); });
  };
  const auto consume = [&] { return child([&] { Consume(queue, *s); }); };
  std::vector<child> children;
  children.push_back(produce());
  children.push_back(produce());
  children.push_back(consume());
  children.push_back(consume());
  for (int i = 0; i < kills; ++i) {
    const long until = s->rounds + static_cast<long>(random() % 30);
    // Who would yield here would find the children as they yield.
    while (s->rounds < until) {
    }
    Turn(static_cast<uint32_t>(random() % 20'000));
    const size_t index = random() % children.size();
    child& victim = children[index];
    // Half of them are stopped first, so that others meet it in the middle.
    if (random() % 2 == 0) kill(victim.pid(), SIGSTOP);
    Turn(static_cast<uint32_t>(random() % 20'000));
    victim.kill();
    victim.join();
    if (victim.exit_status() != -SIGKILL) return 3;
    if (producers == kMostProducers) return 4;
    victim = index < 2 ? produce() : consume();
  }
  for (int i = 0; i < 2; ++i) children[static_cast<size_t>(i)].kill();
  for (int i = 0; i < 2; ++i) children[static_cast<size_t>(i)].join();
  // What is left is got by whom is left, and then main's own.
  while (!queue.empty()) usleep(1'000);
  for (size_t i = 2; i < 4; ++i) children[i].kill();
  for (size_t i = 2; i < 4; ++i) children[i].join();
  while (auto item = queue.get_nowait()) Check(*s, *item);
  long put = 0;
  for (const auto& count : s->put) put += count;
  for (int i = 0; i < 3; ++i) queue.put("last");
  if (queue.put_nowait("no room") || queue.get() != "last") return 5;
  std::printf("%ld put, %ld got, %d wrong, %d producers\n", put, s->got.load(),
              s->wrong.load(), producers);
}
