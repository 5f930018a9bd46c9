// The table by ids: what it costs does not grow with who has gone.
#include "instrument/runtime/id_table.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <thread>
#include <vector>

namespace lockcheck::runtime {
namespace {

constexpr uintptr_t kGone = 1;
using Table = IdTable<kGone>;
constexpr uint32_t kPage = Table::kPageIds;

// Of the whole process, in pages.
long Resident() {
  long size = 0, resident = 0;
  std::unique_ptr<FILE, int (*)(FILE*)> file(fopen("/proc/self/statm", "re"),
                                             &fclose);
  EXPECT_EQ(fscanf(file.get(), "%ld %ld", &size, &resident), 2);
  return resident;
}

class IdTableTest : public ::testing::Test {
 protected:
  void RetirePage(uint32_t page) {
    for (uint32_t i = 0; i < kPage; ++i) table_->Retire(page * kPage + i);
  }
  std::unique_ptr<Table> table_ = std::make_unique<Table>();
};

TEST_F(IdTableTest, WhatWasNotSetReadsAsNothing) {
  EXPECT_EQ(table_->Get(7), 0u);
  EXPECT_EQ(table_->Get(UINT32_MAX), 0u);
  table_->Set(UINT32_MAX, 5);
  EXPECT_EQ(table_->Get(UINT32_MAX), 0u);
}

TEST_F(IdTableTest, WhatIsSetIsFoundUntilItIsRetired) {
  table_->Set(7, 40);
  table_->Set(kPage + 7, 80);
  EXPECT_EQ(table_->Get(7), 40u);
  EXPECT_EQ(table_->Get(kPage + 7), 80u);
  table_->Retire(7);
  EXPECT_EQ(table_->Get(7), kGone);
  EXPECT_EQ(table_->Get(kPage + 7), 80u);
}

TEST_F(IdTableTest, OneIdThatIsInUseKeepsItsPage) {
  table_->Set(3, 40);
  for (uint32_t i = 0; i < kPage; ++i) {
    if (i != 3) table_->Retire(i);
  }
  // Twice is once.
  table_->Retire(0);
  EXPECT_EQ(table_->Get(3), 40u);
  table_->Retire(3);
  EXPECT_EQ(table_->Get(3), kGone);
}

TEST_F(IdTableTest, AllThatIsRetiredStaysSoAndCostsNothing) {
  constexpr uint32_t kPages = 400;  // 50 MiB, if they stayed
  RetirePage(0);
  [[maybe_unused]] const long before = Resident();
  for (uint32_t page = 1; page < kPages; ++page) RetirePage(page);
#ifndef __SANITIZE_THREAD__  // its shadow of them stays
  EXPECT_LT((Resident() - before) * sysconf(_SC_PAGESIZE), 10 << 20);
#endif
  for (uint32_t id = 0; id < kPages * kPage; id += 1'001) {
    ASSERT_EQ(table_->Get(id), kGone) << id;
  }
  table_->Set(5, 40);
  EXPECT_EQ(table_->Get(5), kGone);
}

TEST_F(IdTableTest, ThreadsRetireOnePageTogether) {
  std::vector<std::thread> threads;
  for (uint32_t n = 0; n < 4; ++n) {
    threads.emplace_back([&, n] {
      for (uint32_t i = n; i < 8 * kPage; i += 4) table_->Retire(i);
    });
  }
  for (std::thread& t : threads) t.join();
  for (uint32_t id = 0; id < 8 * kPage; ++id) {
    ASSERT_EQ(table_->Get(id), kGone) << id;
  }
}

}  // namespace
}  // namespace lockcheck::runtime
