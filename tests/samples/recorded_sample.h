// Runs a sample with recording on, and asks the command about its log.
#ifndef LOCKCHECK_TESTS_SAMPLES_RECORDED_SAMPLE_H_
#define LOCKCHECK_TESTS_SAMPLES_RECORDED_SAMPLE_H_

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/tools/command_runner.h"

namespace lockcheck::samples::testing {

using Json = nlohmann::json;

// A folder of its own for the log, and at most one running sample. A sample is
// ended after a minute, whatever happens.
class RecordedSample {
 public:
  RecordedSample() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "lockcheck-sample-XXXXXX")
            .string();
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    folder_ = pattern;
  }
  ~RecordedSample() {
    Kill();
    std::filesystem::remove_all(folder_);
  }
  RecordedSample(const RecordedSample&) = delete;
  RecordedSample& operator=(const RecordedSample&) = delete;

  std::string Log() const { return folder_ + "/sample.log"; }

  // Starts the sample and returns at once.
  void Start(const std::string& name, std::vector<std::string> arguments = {}) {
    pid_ = fork();
    if (pid_ != 0) return;
    alarm(60);
    const int out = open((folder_ + "/out").c_str(),
                         O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
    dup2(out, 1);
    setenv("LOCKCHECK_OPTIONS", ("log=" + Log()).c_str(), 1);
    unsetenv("LOCKCHECK_RECORDING");
    std::string program = std::string(LOCKCHECK_SAMPLES) + "/" + name;
    std::vector<char*> argv = {program.data()};
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    execv(program.c_str(), argv.data());
    _exit(127);
  }

  // Waits for its end: its exit status, or -1 if a signal ended it.
  int Wait() {
    int status = -1;
    waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  int Run(const std::string& name, std::vector<std::string> arguments = {}) {
    Start(name, std::move(arguments));
    return Wait();
  }

  void Kill() {
    if (pid_ == 0) return;
    kill(pid_, SIGKILL);
    Wait();
  }

  bool IsRunning() {
    if (pid_ == 0 || waitpid(pid_, nullptr, WNOHANG) == 0) return pid_ != 0;
    pid_ = 0;
    return false;
  }

  // Looks at the log of the running sample until so many actors are stuck.
  // False if that does not come about before the sample ends.
  bool AwaitStuck(size_t actors) {
    while (IsRunning()) {
      const std::string status = Status();
      size_t stuck = 0;
      for (size_t at = 0; (at = status.find("  STUCK\n", at)) < status.size();
           ++at) {
        ++stuck;
      }
      if (stuck >= actors) return true;
    }
    return false;
  }

  std::string Output() const {
    std::string text;
    if (FILE* file = std::fopen((folder_ + "/out").c_str(), "r")) {
      for (int c; (c = std::fgetc(file)) != EOF;) {
        text.push_back(static_cast<char>(c));
      }
      std::fclose(file);
    }
    return text;
  }

  // The report, and in `status` the command's exit status.
  Json Analyze(std::vector<std::string> options = {}) {
    std::vector<std::string> words = {"analyze", Log(), "--json", "-"};
    words.insert(words.end(), options.begin(), options.end());
    const tools::testing::Ran ran = tools::testing::RunCommand(words);
    status = ran.status;
    Json report = Json::parse(ran.out, nullptr, /*allow_exceptions=*/false);
    EXPECT_FALSE(report.is_discarded()) << ran.err;
    return report;
  }

  // The report for people.
  std::string Text() {
    return tools::testing::RunCommand({"analyze", Log()}).out;
  }

  std::string Status() {
    return tools::testing::RunCommand({"status", Log()}).out;
  }

  int status = -1;

 private:
  std::string folder_;
  pid_t pid_ = 0;
};

// The names of the objects that a finding is about.
inline std::set<std::string> ObjectsOf(const Json& report,
                                       const Json& finding) {
  std::set<std::string> names;
  for (const size_t index : finding["objects"]) {
    names.insert(report["objects"][index]["name"]);
  }
  return names;
}

// Where a hold was taken or a request stands: the first frame of its stack.
inline std::string FunctionOf(const Json& hold_or_want) {
  const Json& stack = hold_or_want["stack"];
  return stack.empty() ? "" : stack[0]["function"].get<std::string>();
}

inline int LineOf(const Json& hold_or_want) {
  const Json& stack = hold_or_want["stack"];
  return stack.empty() || stack[0]["line"].is_null()
             ? 0
             : stack[0]["line"].get<int>();
}

inline std::string FileOf(const Json& hold_or_want) {
  const Json& stack = hold_or_want["stack"];
  if (stack.empty() || stack[0]["file"].is_null()) return "";
  return std::filesystem::path(stack[0]["file"].get<std::string>())
      .filename()
      .string();
}

}  // namespace lockcheck::samples::testing

#endif  // LOCKCHECK_TESTS_SAMPLES_RECORDED_SAMPLE_H_
