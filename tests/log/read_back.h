// A log as its reader sees it, straight from its builder.
#ifndef LOCKCHECK_TESTS_LOG_READ_BACK_H_
#define LOCKCHECK_TESTS_LOG_READ_BACK_H_

#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "lib/log/recording.h"
#include "tests/log/log_builder.h"

namespace lockcheck::log::testing {

inline std::unique_ptr<Recording> ReadBack(LogBuilder& builder) {
  auto recording = Recording::OpenBytes("test.log", builder.bytes());
  EXPECT_TRUE(recording.ok()) << recording.status();
  return *std::move(recording);
}

}  // namespace lockcheck::log::testing

#endif  // LOCKCHECK_TESTS_LOG_READ_BACK_H_
