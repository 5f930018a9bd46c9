#include "lib/log/in_parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <new>
#include <stdexcept>
#include <vector>

namespace lockcheck::log {
namespace {

TEST(InParallelTest, EveryPieceIsDoneOnce) {
  for (unsigned threads : {1u, 2u, 7u}) {
    std::vector<std::atomic<int>> done(100);
    InParallel(threads, done.size(), [&](unsigned thread, size_t i) {
      EXPECT_LT(thread, threads);
      ++done[i];
    });
    for (const auto& times : done) EXPECT_EQ(times, 1);
  }
}

TEST(InParallelTest, WithNothingToDoNothingIsDone) {
  InParallel(4, 0, [](unsigned, size_t) { FAIL(); });
}

// The pieces wait for each other, so each is another thread's.
TEST(InParallelTest, WhatAnyThreadThrowsIsThrownToTheCaller) {
  for (unsigned thrower : {0u, 1u, 2u}) {
    std::barrier<> all(3);
    EXPECT_THROW(InParallel(3, 3,
                            [&](unsigned thread, size_t) {
                              all.arrive_and_wait();
                              if (thread == thrower) throw std::bad_alloc();
                            }),
                 std::bad_alloc);
  }
}

TEST(InParallelTest, WhenAllThrowOneIsThrownAndNoThreadIsLeft) {
  std::barrier<> all(3);
  std::atomic<int> at_work = 0;
  EXPECT_THROW(InParallel(3, 3,
                          [&](unsigned, size_t) {
                            ++at_work;
                            all.arrive_and_wait();
                            --at_work;
                            throw std::runtime_error("");
                          }),
               std::runtime_error);
  EXPECT_EQ(at_work, 0);
}

TEST(InParallelTest, AfterAnExceptionNoPieceIsBegun) {
  size_t begun = 0;
  EXPECT_THROW(InParallel(1, 100,
                          [&](unsigned, size_t i) {
                            ++begun;
                            if (i == 3) throw std::bad_alloc();
                          }),
               std::bad_alloc);
  EXPECT_EQ(begun, 4u);
}

}  // namespace
}  // namespace lockcheck::log
