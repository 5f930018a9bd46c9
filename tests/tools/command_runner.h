// Runs the command as a child process and keeps what it said.
#ifndef LOCKCHECK_TESTS_TOOLS_COMMAND_RUNNER_H_
#define LOCKCHECK_TESTS_TOOLS_COMMAND_RUNNER_H_

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace lockcheck::tools::testing {

struct Ran {
  int status = -1;  // exit status; -1: killed by a signal
  std::string out, err;
};

inline void ReadUntilClosed(int out_fd, int err_fd, Ran& ran) {
  pollfd fds[2] = {{out_fd, POLLIN, 0}, {err_fd, POLLIN, 0}};
  std::string* texts[2] = {&ran.out, &ran.err};
  while (fds[0].fd >= 0 || fds[1].fd >= 0) {
    if (poll(fds, 2, -1) < 0) continue;
    for (int i = 0; i < 2; ++i) {
      if (fds[i].revents == 0) continue;
      char buffer[4096];
      const ssize_t n = read(fds[i].fd, buffer, sizeof(buffer));
      if (n > 0) {
        texts[i]->append(buffer, static_cast<size_t>(n));
      } else {
        close(fds[i].fd);
        fds[i].fd = -1;
      }
    }
  }
}

// `redirect` is shell text such as ">&-"; empty: both streams are kept. The
// child is ended after a minute.
inline Ran RunCommand(const std::vector<std::string>& words,
                      const std::string& redirect = "") {
  int out[2], err[2];
  if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) std::abort();
  const pid_t pid = fork();
  if (pid == 0) {
    alarm(60);
    dup2(out[1], 1);
    dup2(err[1], 2);
    const std::string script = "exec \"$0\" \"$@\" " + redirect;
    std::vector<std::string> all = {"sh", "-c", script, LOCKCHECK_COMMAND};
    all.insert(all.end(), words.begin(), words.end());
    std::vector<char*> argv;
    for (std::string& word : all) argv.push_back(word.data());
    argv.push_back(nullptr);
    execv("/bin/sh", argv.data());
    _exit(127);
  }
  close(out[1]);
  close(err[1]);
  Ran ran;
  ReadUntilClosed(out[0], err[0], ran);
  int status = 0;
  waitpid(pid, &status, 0);
  if (WIFEXITED(status)) ran.status = WEXITSTATUS(status);
  return ran;
}

}  // namespace lockcheck::tools::testing

#endif  // LOCKCHECK_TESTS_TOOLS_COMMAND_RUNNER_H_
