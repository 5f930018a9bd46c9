// Who is who in a stack: what passes a lock operation on, what starts threads,
// and where the user's own code begins. Decided by names alone, so it is the
// same for every compiler and optimization level.
#include <algorithm>
#include <string_view>

#include "absl/strings/match.h"
#include "lib/symbolize/symbolize.h"

namespace lockcheck::symbolize {
namespace {

// Classes whose members, and functions which themselves, are wrappers. libc++
// and libstdc++ put version namespaces after std; see AfterStd.
constexpr std::string_view kStdWrappers[] = {
    "lock_guard",
    "unique_lock",
    "scoped_lock",
    "shared_lock",
    "lock",
    "try_lock",
    "mutex",
    "timed_mutex",
    "recursive_mutex",
    "recursive_timed_mutex",
    "shared_mutex",
    "shared_timed_mutex",
    "condition_variable",
    "condition_variable_any",
    "call_once",
    "once_flag",
    "__mutex_base",
    "__recursive_mutex_base",
    "__timed_mutex_impl",
    "__shared_mutex_pthread",
    "__shared_mutex_cv",
    "__shared_timed_mutex_base",
    "__condvar",
    "__detail::__try_lock_impl",
    "__detail::__lock_impl",
    "__detail::__try_to_lock",
    "__try_to_lock",
    "__try_lock_impl",
    "__lock_impl",
    "__lock_first",
    "__call_once",
    "__call_once_proxy",
    "__once_call_impl",
};

constexpr std::string_view kStdLock[] = {"lock", "__detail::__lock_impl",
                                         "__lock_impl", "__lock_first"};

constexpr std::string_view kPlainWrappers[] = {
    "__gthread_mutex_lock",
    "__gthread_mutex_trylock",
    "__gthread_mutex_timedlock",
    "__gthread_mutex_unlock",
    "__gthread_recursive_mutex_lock",
    "__gthread_recursive_mutex_trylock",
    "__gthread_recursive_mutex_timedlock",
    "__gthread_recursive_mutex_unlock",
    "__gthread_once",
};

// Rooms of the analyzer: they are users of locks like anybody else.
constexpr std::string_view kLockcheckRooms[] = {
    "analysis", "graph", "log", "model", "report", "symbolize", "tools",
};

constexpr std::string_view kStdPlumbing[] = {
    "invoke",       "__invoke", "__invoke_impl", "__invoke_r",       "apply",
    "__apply_impl", "thread",   "jthread",       "coroutine_handle",
};

constexpr std::string_view kStdThreadStart[] = {
    "thread::_Invoker",
    "thread::_State_impl",
    "__thread_proxy",
    "__thread_execute",
};

constexpr std::string_view kPlainPlumbing[] = {
    "_start",
    "__libc_start_main",
    "__libc_start_call_main",
    "__libc_start_main_impl",
    "__libc_start_main@@GLIBC_2.34",
};

// GoogleTest between main() and a test's body.
constexpr std::string_view kTestRunner[] = {
    "testing::Test::Run",
    "testing::TestInfo::Run",
    "testing::TestSuite::Run",
    "testing::UnitTest::Run",
    "testing::internal::UnitTestImpl::RunAllTests",
    "testing::internal::HandleExceptionsInMethodIfSupported",
    "testing::internal::HandleSehExceptionsInMethodIfSupported",
    "RUN_ALL_TESTS",
};

constexpr std::string_view kPlainThreadStart[] = {
    "execute_native_thread_routine",
    "start_thread",
    "clone",
    "clone3",
    "__clone",
    "__clone3",
    "asan_thread_start",
    "__asan::AsanThread::ThreadStart",
    "__tsan_thread_start_func",
};

// The C and C++ libraries, whose own functions a stripped copy has no names of.
constexpr std::string_view kSystemLibraries[] = {"libc.so", "libstdc++.so",
                                                 "libc++.so"};

// The demangler refuses some names of this plumbing, for they hold the type of
// a lambda of a constructor with a pack of arguments; these are how they begin.
constexpr std::string_view kMangledPlumbing[] = {
    "_ZSt6invokeI",      "_ZSt8__invokeI", "_ZSt13__invoke_implI",
    "_ZSt10__invoke_rI", "_ZSt5applyI",    "_ZSt12__apply_implI",
    "_ZNSt6threadC",     "_ZNSt7jthreadC",
};

// Boost.Asio, between a coroutine and who runs it.
constexpr std::string_view kAsio[] = {"boost::asio::", "boost_asio_handler_"};

constexpr std::string_view kMangledThreadStart[] = {
    "_ZNSt6thread8_InvokerI",
    "_ZNSt6thread11_State_implI",
};

// True if `name` is `what` itself, a template instance of it, or inside it.
bool IsOrInside(std::string_view name, std::string_view what) {
  if (!name.starts_with(what)) return false;
  const std::string_view rest = name.substr(what.size());
  return rest.empty() || rest[0] == '<' || rest.starts_with("::");
}

template <typename List>
bool AnyOf(const List& list, std::string_view name) {
  return std::any_of(
      std::begin(list), std::end(list),
      [&](std::string_view what) { return IsOrInside(name, what); });
}

// "std::_V2::condition_variable_any::wait" -> "condition_variable_any::wait";
// empty if the name is none of std's.
std::string_view AfterStd(std::string_view name) {
  if (!name.starts_with("std::")) return {};
  name.remove_prefix(sizeof("std::") - 1);
  for (std::string_view version :
       {"_V2::", "__1::", "__cxx11::", "__n4861::"}) {
    if (name.starts_with(version)) name.remove_prefix(version.size());
  }
  return name;
}

// The types a program includes are spelled like std's; what begins with a
// capital or has no name belongs to a program in our namespace, such as a test.
bool IsLockcheckType(std::string_view name) {
  constexpr std::string_view kNamespace = "lockcheck::";
  if (!name.starts_with(kNamespace)) return false;
  name.remove_prefix(kNamespace.size());
  if (name.empty() || name[0] < 'a' || name[0] > 'z') return false;
  return !AnyOf(kLockcheckRooms, name);
}

bool IsStandardLibrary(std::string_view name) {
  return name.starts_with("std::") || name.starts_with("__gnu_cxx::");
}

// What a thread of lockcheck's own does between two calls of the user's.
bool IsOwnThreadsWork(std::string_view name) {
  return IsOrInside(name, "lockcheck::internal::Pool::Work");
}

// What it calls; without debug information, all that is left of a task that is
// inlined into it.
bool IsTaskOfUsers(std::string_view name) {
  return IsOrInside(name, "lockcheck::internal::Job");
}

template <typename List>
bool BeginsWithAnyOf(const List& list, std::string_view name) {
  return std::any_of(
      std::begin(list), std::end(list),
      [&](std::string_view what) { return name.starts_with(what); });
}

// Behind our ABI namespace if `name` is a mangled one of a member of it (N) or
// of something inside a function of it (Z); empty if not.
std::string_view AfterMangledAbi(std::string_view name,
                                 std::string_view prefix) {
  constexpr std::string_view kSpace = "9lockcheck";
  if (!name.starts_with(prefix)) return {};
  name.remove_prefix(prefix.size());
  if (name.starts_with('K')) name.remove_prefix(1);  // const
  if (!name.starts_with(kSpace)) return {};
  name.remove_prefix(kSpace.size());
  size_t length = 0, digits = 0;
  while (digits < name.size() && digits < 3 && name[digits] >= '0' &&
         name[digits] <= '9') {
    length = length * 10 + static_cast<size_t>(name[digits++] - '0');
  }
  name.remove_prefix(digits);
  if (!name.starts_with("abi_") || length > name.size()) return {};
  return name.substr(length);
}

// "<a<b> >::c" -> "::c"
std::string_view AfterArguments(std::string_view name) {
  if (!name.starts_with('<')) return name;
  size_t depth = 0;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '<') ++depth;
    if (name[i] == '>' && name[i - 1] != '-' && --depth == 0) {
      return name.substr(i + 1);
    }
  }
  return {};
}

// The lambda in which our thread's constructor wraps what the thread is to do.
bool IsOwnThreadsBody(std::string_view name) {
  constexpr std::string_view kConstructor = "lockcheck::thread::thread";
  if (name.starts_with(kConstructor)) {
    name = AfterArguments(name.substr(kConstructor.size()));
    return name.starts_with("::{lambda") || name.starts_with("::<lambda");
  }
  return AfterMangledAbi(name, "_ZZN").starts_with("6threadC");
}

}  // namespace

bool IsWrapper(const SourceFrame& frame) {
  const std::string_view name = frame.function;
  if (IsLockcheckType(name)) return true;
  const std::string_view std_name = AfterStd(name);
  if (!std_name.empty()) return AnyOf(kStdWrappers, std_name);
  for (std::string_view prefix : {"_ZN", "_ZZN"}) {
    if (!AfterMangledAbi(name, prefix).empty()) return true;
  }
  return AnyOf(kPlainWrappers, name);
}

bool IsStdLock(const SourceFrame& frame) {
  return AnyOf(kStdLock, AfterStd(frame.function));
}

bool IsThreadStart(const SourceFrame& frame) {
  const std::string_view name = frame.function;
  const std::string_view std_name = AfterStd(name);
  if (!std_name.empty()) return AnyOf(kStdThreadStart, std_name);
  return AnyOf(kPlainThreadStart, name) ||
         BeginsWithAnyOf(kMangledThreadStart, name) || IsOwnThreadsBody(name);
}

bool IsPlumbing(const SourceFrame& frame) {
  if (IsThreadStart(frame)) return true;
  const std::string_view name = frame.function;
  for (std::string_view ours :
       {"lockcheck::thread", "lockcheck::jthread", "lockcheck::runtime"}) {
    if (IsOrInside(name, ours)) return true;
  }
  const std::string_view std_name = AfterStd(name);
  if (!std_name.empty()) return AnyOf(kStdPlumbing, std_name);
  return AnyOf(kPlainPlumbing, name) || AnyOf(kTestRunner, name) ||
         BeginsWithAnyOf(kMangledPlumbing, name) ||
         BeginsWithAnyOf(kAsio, name);
}

StackPosition UserPosition(const std::vector<const SymbolizedFrame*>& stack) {
  const StackPosition nobody{stack.size(), 0, nullptr};
  StackPosition system = nobody;
  StackPosition library = nobody, innermost = nobody, task = nobody;
  for (size_t i = 0; i < stack.size(); ++i) {
    const std::vector<SourceFrame>& frames = stack[i]->frames;
    if (frames.empty() || frames.back().function.empty()) {
      // Our own library without its symbols is no user's code, nor is std's.
      if (absl::StrContains(stack[i]->module, "liblockcheck")) continue;
      if (BeginsWithAnyOf(kSystemLibraries, stack[i]->module)) {
        system.frame = std::min(system.frame, i);
        continue;
      }
      return library.source != nullptr ? library : StackPosition{i, 0, nullptr};
    }
    for (size_t k = 0; k < frames.size(); ++k) {
      const SourceFrame& frame = frames[k];
      const StackPosition here{i, k, &frame};
      if (innermost.source == nullptr) innermost = here;
      if (IsOwnThreadsWork(frame.function)) return task;
      if (IsTaskOfUsers(frame.function)) task = here;
      if (IsWrapper(frame)) {
        library.source = nullptr;  // what came before was called by a wrapper
        continue;
      }
      if (!IsPlumbing(frame) && !IsStandardLibrary(frame.function)) return here;
      if (library.source == nullptr) library = here;
    }
  }
  if (library.source != nullptr) return library;
  return innermost.source != nullptr ? innermost : system;
}

const SourceFrame* UserFrame(const std::vector<const SymbolizedFrame*>& stack) {
  return UserPosition(stack).source;
}

}  // namespace lockcheck::symbolize
