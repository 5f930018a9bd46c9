// Stories of programs that were executed apart from each other, and find the
// locks that they share by a name. The roles in them are stories too.
#include <lockcheck/lockcheck.h>
#include <lockcheck/process.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>

#include "tests/programs/process_turns.h"
#include "tests/programs/stories.h"

extern char** environ;

namespace {

namespace process = lockcheck::process;

constexpr char kName[] = "LOCKCHECK_TEST_NAME";

struct Shared : Turns {
  process::mutex a{"a"}, b{"b"};
};

// ---- Who executes the others ------------------------------------------------
pid_t Execute(const char* role) {
  char self[4096] = {};
  if (readlink("/proc/self/exe", self, sizeof(self) - 1) <= 0) std::abort();
  char* words[] = {self, const_cast<char*>(role), nullptr};
  pid_t pid;
  if (posix_spawn(&pid, self, nullptr, nullptr, words, environ) != 0) {
    std::abort();
  }
  return pid;
}

void Tell(const char* one, const char* other) {
  const std::string name = "test." + std::to_string(getpid());
  setenv(kName, name.c_str(), 1);
  process::shared<Shared> s(process::create_only, name.c_str());
  const pid_t roles[] = {Execute(one), Execute(other)};
  // They have it as long as they need it, and nobody has to clean up.
  for (const pid_t role : roles) {
    int status = -1;
    if (std::string(one) == "hangs-a") {
      s->Await(2);
      process::remove_shared(name.c_str());
      Stand();
    }
    if (waitpid(role, &status, 0) != role || status != 0) std::exit(1);
  }
  process::remove_shared(name.c_str());
}

void AbbaLatent() { Tell("first-a-b", "then-b-a"); }
void AbbaSafe() { Tell("first-a-b", "then-a-b"); }
void AbbaHangs() { Tell("hangs-a", "hangs-b"); }

// ---- Roles ------------------------------------------------------------------
using Lock = process::mutex;

// Takes one, waits until `n` have arrived, itself included, and the other.
void TakeBoth(Lock Shared::*one, Lock Shared::*other, int before, int n) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const process::shared<Shared> s(process::open_only, std::getenv(kName));
  s->Await(before);
  {
    const std::lock_guard first((*s).*one);
    s->Arrive();
    s->Await(n);
    const std::lock_guard second((*s).*other);
  }
  s->Arrive();
}

void FirstAb() { TakeBoth(&Shared::a, &Shared::b, 0, 1); }
void ThenBa() { TakeBoth(&Shared::b, &Shared::a, 2, 3); }
void ThenAb() { TakeBoth(&Shared::a, &Shared::b, 2, 3); }
void HangsA() { TakeBoth(&Shared::a, &Shared::b, 0, 2); }
void HangsB() { TakeBoth(&Shared::b, &Shared::a, 0, 2); }

// ---- What is left, for `lockcheck shm` --------------------------------------
using OpenShared = process::shared<Shared>;

void Leave() { OpenShared(process::open_or_create, std::getenv(kName)); }

void Use() {
  const OpenShared s(process::open_or_create, std::getenv(kName));
  const std::lock_guard held(s->a);
  Stand();
  pause();
}

void DieWithA() {
  const OpenShared s(process::open_or_create, std::getenv(kName));
  s->a.lock();
  raise(SIGKILL);
}

struct Deadly {
  Deadly() { raise(SIGKILL); }
};
void DieMakingIt() {
  process::shared<Deadly>(process::open_or_create, std::getenv(kName));
}

constexpr Story kStories[] = {
    {"abba-latent", &AbbaLatent},
    {"abba-safe", &AbbaSafe},
    {"abba-hangs", &AbbaHangs},
    {"first-a-b", &FirstAb},
    {"then-b-a", &ThenBa},
    {"then-a-b", &ThenAb},
    {"leave", &Leave},
    {"use", &Use},
    {"die-with-a", &DieWithA},
    {"die-making-it", &DieMakingIt},
    {"hangs-a", &HangsA},
    {"hangs-b", &HangsB},
};

}  // namespace

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
