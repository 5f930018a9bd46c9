// Which functions are wrappers, which are plumbing, and where the user begins.
#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "lib/symbolize/symbolize.h"

namespace lockcheck::symbolize {
namespace {

SourceFrame Function(const std::string& name) {
  SourceFrame frame;
  frame.function = name;
  return frame;
}

TEST(Wrappers, AreStdsGuardsAndOurOwnTypes) {
  for (const char* name : {
           "std::lock_guard<lockcheck::mutex>::lock_guard",
           "std::unique_lock<lockcheck::mutex>::lock",
           "std::scoped_lock<A, B>::scoped_lock",
           "std::shared_lock<A>::shared_lock",
           "std::lock<A, B>",
           "std::try_lock<A, B>",
           "std::__detail::__lock_impl<A, B>",
           "std::__detail::__try_lock_impl<A, B>",
           "std::_V2::condition_variable_any::wait<std::unique_lock<A> >",
           "std::__1::lock_guard<A>::lock_guard",
           "std::call_once<f>",
           "std::mutex::lock",
           "__gthread_mutex_lock",
           "lockcheck::mutex::lock",
           "lockcheck::lock<A, B>",
           "lockcheck::lock_guard<lockcheck::mutex>::lock_guard",
           "lockcheck::runtime::LockSlow",
           "lockcheck::internal::TimedLock<1>::try_lock_for<long>",
       }) {
    EXPECT_TRUE(IsWrapper(Function(name))) << name;
  }
}

TEST(StdLock, IsToldFromWhatGivesUp) {
  for (const char* name : {"std::lock<A, B>", "std::__1::lock<A, B>",
                           "std::__detail::__lock_impl<A, B>"}) {
    EXPECT_TRUE(IsStdLock(Function(name))) << name;
  }
  for (const char* name :
       {"std::try_lock<A, B>", "std::__detail::__try_lock_impl<A, B>",
        "std::lock_guard<A>::lock_guard", "std::unique_lock<A>::lock", "lock",
        "lockcheck::lock<A, B>"}) {
    EXPECT_FALSE(IsStdLock(Function(name))) << name;
  }
}

TEST(Wrappers, AreNeitherUsersNorThreads) {
  for (const char* name : {
           "",
           "main",
           "Bank::Transfer",
           "lock",
           "mutex::lock",
           "Bank::Run<std::lock_guard<A> >",
           "std::lock_guards",
           "std::locker",
           "std::thread::_State_impl<F>::_M_run",
           "std::invoke<F>",
           "std::vector<A>::emplace_back",
           "mylockcheck::mutex::lock",
           "lockcheck::analysis::Scan",
           "lockcheck::Worker::Run",
           "lockcheck::(anonymous namespace)::Transfer",
       }) {
    EXPECT_FALSE(IsWrapper(Function(name))) << name;
  }
}

TEST(Plumbing, StartsThreadsAndPrograms) {
  for (const char* name : {
           "std::__invoke_impl<void, F>",
           "std::__n4861::coroutine_handle<void>::resume",
           "std::__invoke<F>",
           "std::invoke<F>",
           "std::thread::_Invoker<std::tuple<F> >::operator()",
           "std::thread::_State_impl<F>::_M_run",
           "execute_native_thread_routine",
           "start_thread",
           "clone3",
           "_start",
           "__libc_start_call_main",
           "__libc_start_main",
           "lockcheck::thread::thread<F>::{lambda#1}::operator()",
           "testing::Test::Run",
           "testing::internal::HandleExceptionsInMethodIfSupported<A, void>",
           "RUN_ALL_TESTS",
       }) {
    EXPECT_TRUE(IsPlumbing(Function(name))) << name;
  }
  for (const char* name : {"", "main", "Bank::start_thread", "clone_account",
                           "std::vector<A>::push_back", "lockcheck::mutex",
                           "testing::Test::Runner", "Account::TestBody"}) {
    EXPECT_FALSE(IsPlumbing(Function(name))) << name;
  }
}

// Of a thread with arguments; the demangler refuses it.
constexpr const char* kMangledInvoke =
    "_ZSt8__invokeIZN9lockcheck5abi_16threadC4IRFvR7AccountS5_EJSt17reference_"
    "wrapperIS4_ES9_EEEOT_DpOT0_EUlPS6_S9_S9_E_JSF_S9_S9_EENSt15__invoke_"
    "resultISA_JDpSC_EE4typeESB_SE_";

TEST(Plumbing, IsKnownByItsMangledNameToo) {
  for (const char* name : {
           kMangledInvoke,
           "_ZSt13__invoke_implIvZN9lockcheck5abi_16threadC1IRFvvEEEOT_EUlvE_",
           "_ZNSt6thread8_InvokerISt5tupleIJPFvvEEEE9_M_invokeIJLm0EEEEvv",
           "_ZNSt6thread11_State_implINS_8_InvokerISt5tupleIJPFvvEEEEEE6_M_"
           "runEv",
           "_ZZN9lockcheck5abi_16threadC4IRFvvEJEEEOT_DpOT0_ENKUlvE_clEv",
       }) {
    EXPECT_TRUE(IsPlumbing(Function(name))) << name;
  }
  EXPECT_TRUE(IsWrapper(Function("_ZN9lockcheck5abi_110lock_guardIvEC1Ev")));
  for (const char* name : {"_Z3RunIZN9lockcheck5abi_16threadC4EUlvE_EvT_",
                           "_ZN4Bank3RunEv", "_ZN9lockcheck6WorkerEv"}) {
    EXPECT_FALSE(IsPlumbing(Function(name))) << name;
    EXPECT_FALSE(IsWrapper(Function(name))) << name;
  }
}

TEST(ThreadStart, IsCalledByNobodyElse) {
  for (const char* name : {
           "std::thread::_Invoker<std::tuple<F> >::operator()",
           "std::thread::_State_impl<F>::_M_run",
           "start_thread",
           "clone3",
           "lockcheck::thread::thread<F>::{lambda#1}::operator()",
           "lockcheck::thread::thread<main::{lambda()#1}>::{lambda}::operator",
           "_ZZN9lockcheck5abi_16threadC4IRFvvEJEEEOT_DpOT0_ENKUlvE_clEv",
       }) {
    EXPECT_TRUE(IsThreadStart(Function(name))) << name;
  }
  // A constructor copies what the user gives it, and that may take locks.
  for (const char* name : {"std::thread::thread<F>", "std::__invoke<F>",
                           "lockcheck::thread::thread<main::{lambda#1}>",
                           kMangledInvoke, "main", ""}) {
    EXPECT_FALSE(IsThreadStart(Function(name))) << name;
  }
}

// A stack, innermost frame first; a frame's inlined calls are in one list.
class UserFrames : public ::testing::Test {
 protected:
  void Frame(const std::vector<std::string>& names,
             const std::string& module = "program") {
    SymbolizedFrame frame;
    frame.module = module;
    for (const std::string& name : names) {
      frame.frames.push_back(Function(name));
    }
    frames_.push_back(std::move(frame));
    stack_.push_back(&frames_.back());
  }

  std::string User() const {
    const SourceFrame* user = UserFrame(stack_);
    return user == nullptr ? "(none)" : user->function;
  }

  std::deque<SymbolizedFrame> frames_;
  std::vector<const SymbolizedFrame*> stack_;
};

TEST_F(UserFrames, AreTheFirstOutsideTheWrappers) {
  Frame({"lockcheck::mutex::lock", "std::lock_guard<A>::lock_guard", "Deposit",
         "Transfer"});
  Frame({"main"});
  EXPECT_EQ(User(), "Deposit");
  EXPECT_EQ(UserPosition(stack_).frame, 0u);
  EXPECT_EQ(UserPosition(stack_).inlined, 2u);
}

TEST_F(UserFrames, MayBeFramesFurtherOut) {
  Frame({"lockcheck::mutex::lock"});
  Frame({"std::lock_guard<A>::lock_guard"});
  Frame({"Deposit"});
  EXPECT_EQ(User(), "Deposit");
  EXPECT_EQ(UserPosition(stack_).frame, 2u);
}

TEST_F(UserFrames, AreNotTheAtomicsInsideOurLocks) {
  Frame({"std::__atomic_base<int>::exchange", "lockcheck::mutex::lock",
         "Deposit"});
  EXPECT_EQ(User(), "Deposit");
}

TEST_F(UserFrames, AreNotTheContainersThatHoldGuards) {
  Frame({"std::unique_lock<A>::unique_lock", "std::construct_at<G>",
         "std::vector<G>::emplace_back<A>", "LockAll"});
  EXPECT_EQ(User(), "LockAll");
}

TEST_F(UserFrames, AreTheFunctionThatAWrapperCalls) {
  Frame({"lockcheck::mutex::lock", "Initialize"});
  Frame({"std::call_once<F>"});
  Frame({"main"});
  EXPECT_EQ(User(), "Initialize");
}

TEST_F(UserFrames, AreTheLibrarysWhenNothingElseIsLeft) {
  Frame({"lockcheck::mutex::lock"});
  Frame({"std::invoke<F>"});
  Frame({"start_thread"});
  EXPECT_EQ(User(), "std::invoke<F>");
}

TEST_F(UserFrames, AreNotSoughtBehindAFrameNobodyKnows) {
  Frame({"lockcheck::mutex::lock"});
  Frame({}, "plugin.so");
  Frame({"main"});
  EXPECT_EQ(User(), "(none)");
  EXPECT_EQ(UserPosition(stack_).frame, 1u);
}

TEST_F(UserFrames, AreSoughtBehindOurOwnLibraryWithoutSymbols) {
  Frame({}, "liblockcheck_preload.so");
  Frame({"Deposit"});
  EXPECT_EQ(User(), "Deposit");
}

TEST_F(UserFrames, AreSoughtBehindStdsLibraryWithoutSymbols) {
  Frame({}, "libstdc++.so.6");
  Frame({"Deposit"});
  EXPECT_EQ(User(), "Deposit");
}

TEST_F(UserFrames, AreTheInnermostIfOnlyStdsLibraryIsBehind) {
  Frame({"lockcheck::mutex::lock"});
  Frame({}, "libstdc++.so.6");
  Frame({}, "libc.so.6");
  EXPECT_EQ(User(), "lockcheck::mutex::lock");
}

TEST_F(UserFrames, AreInTheSystemsLibraryIfThatIsAllThereIs) {
  Frame({}, "liblockcheck_preload.so");
  Frame({}, "libc.so.6");
  Frame({}, "libc.so.6");
  EXPECT_EQ(User(), "(none)");
  EXPECT_EQ(UserPosition(stack_).frame, 1u);
}

TEST_F(UserFrames, ArePoolTasksAndNotTheirWorkers) {
  Frame({"lockcheck::queue<A>::get", "Task"});
  Frame({"lockcheck::internal::Pool::Work"});
  Frame({}, "libstdc++.so.6");
  EXPECT_EQ(User(), "Task");
}

TEST_F(UserFrames, AreInTheTasksCallIfItIsAllThatIsLeftOfIt) {
  Frame({"lockcheck::internal::FutureState::WaitAt"});
  Frame({"lockcheck::internal::Job<int, Transfer()::{lambda}>::Run"});
  Frame({"lockcheck::internal::Pool::Work"});
  Frame({}, "libstdc++.so.6");
  EXPECT_EQ(User(), "lockcheck::internal::Job<int, Transfer()::{lambda}>::Run");
}

TEST_F(UserFrames, AreNoneWhereAPoolsWorkerWaits) {
  Frame({"lockcheck::internal::Pool::NextJob",
         "lockcheck::internal::Pool::Work"});
  Frame({}, "libstdc++.so.6");
  Frame({}, "libc.so.6");
  EXPECT_EQ(User(), "(none)");
  EXPECT_EQ(UserPosition(stack_).frame, stack_.size());
}

TEST_F(UserFrames, AreTheInnermostIfAllAreWrappers) {
  Frame({"lockcheck::mutex::lock", "lockcheck::lock_guard<A>::lock_guard"});
  EXPECT_EQ(User(), "lockcheck::mutex::lock");
}

TEST_F(UserFrames, OfAnEmptyStackAreNone) { EXPECT_EQ(User(), "(none)"); }

}  // namespace
}  // namespace lockcheck::symbolize
