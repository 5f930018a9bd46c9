// A program outside the tree: one thread holds two locks, one inside the other.
#include <lockcheck/lockcheck.h>

#include <mutex>
#include <thread>

namespace {

lockcheck::mutex outer;
lockcheck::mutex inner;
int sum = 0;

void AddNested() {
  std::lock_guard<lockcheck::mutex> hold_outer(outer);
  std::lock_guard<lockcheck::mutex> hold_inner(inner);
  ++sum;
}

}  // namespace

int main() {
  std::thread adder(AddNested);
  adder.join();
  return sum == 1 ? 0 : 1;
}
