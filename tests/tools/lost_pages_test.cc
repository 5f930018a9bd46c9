// A page of a file that is gone reads as zeros, and that is known.
#include "tools/lockcheck/lost_pages.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string>

namespace lockcheck::tools {
namespace {

TEST(LostPagesTest, WhatWasCutWhileItWasReadIsZerosAndSaid) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const int fd = memfd_create("log", MFD_CLOEXEC);
  const std::string text(3 * page, 'x');
  ASSERT_EQ(write(fd, text.data(), text.size()),
            static_cast<ssize_t>(text.size()));
  auto* const bytes = static_cast<const volatile char*>(
      mmap(nullptr, text.size(), PROT_READ, MAP_PRIVATE, fd, 0));
  ASSERT_NE(const_cast<char*>(bytes), MAP_FAILED);
  SurviveLostPages();
  EXPECT_EQ(bytes[page], 'x');
  EXPECT_FALSE(PagesWereLost());
  ASSERT_EQ(ftruncate(fd, static_cast<off_t>(page)), 0);
  EXPECT_EQ(bytes[0], 'x');
  EXPECT_EQ(bytes[page], 0);
  EXPECT_EQ(bytes[3 * page - 1], 0);
  EXPECT_TRUE(PagesWereLost());
  munmap(const_cast<char*>(bytes), text.size());
  close(fd);
}

// Nothing of that kind is taken for another error.
TEST(LostPagesDeathTest, AnotherBusErrorEndsTheProgram) {
  EXPECT_EXIT(
      {
        SurviveLostPages();
        raise(SIGBUS);
        raise(SIGBUS);
      },
      ::testing::KilledBySignal(SIGBUS), "");
}

}  // namespace
}  // namespace lockcheck::tools
